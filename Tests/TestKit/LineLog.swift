/// Text that grows, and tasks that wait for something in it.
public actor LineLog {
  public private(set) var text = ""
  public private(set) var isEnded = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  public init() {}

  public func append(_ more: String) {
    text += more
    wake()
  }

  public func end() {
    isEnded = true
    wake()
  }

  /// True as soon as the text holds `part` at least `times` times; false when the log ends before.
  public func contains(_ part: String, times: Int = 1) async -> Bool {
    while count(of: part) < times {
      if isEnded { return false }
      await withCheckedContinuation { waiting.append($0) }
    }
    return true
  }

  public func count(of part: String) -> Int { text.ranges(of: part).count }

  private func wake() {
    let woken = waiting
    waiting = []
    for continuation in woken { continuation.resume() }
  }
}

internal import ArgumentParser
internal import JudgeProtocol

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// The judge alone, for its bench: streams of ticks in, verdicts out, a line each. CONTRIBUTING has the protocol.
struct JudgeVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "judge", abstract: "Judge streams of ticks from standard input, one JSON line each.",
    shouldDisplay: false)

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    var stream = JudgeStream()
    var lines = StandardLines()
    var number = 0
    while let line = lines.next() {
      number += 1
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
      do {
        guard StandardLines.put(try stream.answer(line)) else { return .toolError }
      } catch {
        throw .invalid("line \(number) of standard input: \(error.description)")
      }
    }
    return .succeeded
  }
}

/// Standard input by line, as bytes. A line is answered before the next is waited for, so nothing may be buffered
/// beyond what one read returns.
private struct StandardLines {
  private var buffer: [UInt8] = []
  private var start = 0
  private var isAtEnd = false

  /// The next line without its end; nil at the end of the input.
  mutating func next() -> [UInt8]? {
    var searched = start
    while true {
      if let end = buffer[searched...].firstIndex(of: 0x0A) {
        defer { start = end + 1 }
        return Array(buffer[start..<end])
      }
      searched = buffer.count
      if isAtEnd {
        defer { start = buffer.count }
        return start < buffer.count ? Array(buffer[start...]) : nil
      }
      let shift = start
      fill()
      searched -= shift
    }
  }

  private mutating func fill() {
    buffer.removeFirst(start)
    start = 0
    let known = buffer.count
    buffer.append(contentsOf: repeatElement(0, count: 1 << 16))
    let count = buffer.withUnsafeMutableBytes { bytes in
      var count = -1
      repeat { count = read(0, bytes.baseAddress?.advanced(by: known), 1 << 16) } while count < 0 && errno == EINTR
      return count
    }
    buffer.removeLast((1 << 16) - max(count, 0))
    if count <= 0 { isAtEnd = true }
  }

  /// Writes a line; false when nobody reads any more.
  static func put(_ text: String) -> Bool {
    let bytes = Array(text.utf8) + [0x0A]
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }
}

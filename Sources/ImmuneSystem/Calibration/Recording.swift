internal import CanaryJudge
public import RolloutCore

/// What instances on one and the same version showed: nobody's version differs, so nobody should be found worse.
public struct Recording: Hashable, Sendable {
  /// Where it is from, for people.
  public var name: String
  public var instances: [String]
  /// Ascending by time. Checks are by index among the policy's, readings in the order of `instances`.
  public var looks: [Look]
  public init(name: String, instances: [String], looks: [Look] = []) {
    self.name = name
    self.instances = instances
    self.looks = looks
  }

  /// From the begin of the first look to the end of the last.
  public var length: TimeSpan {
    guard let start, let last = looks.last else { return .zero }
    return last.at - start
  }

  var start: Timestamp? { looks.first.map { $0.at + (.zero - $0.duration) } }

  /// Parts without a break: what lies on two sides of one is not one burn-in.
  public func parts(without breakLength: TimeSpan = .minutes(10)) -> [Recording] {
    var parts: [Recording] = []
    var last: Timestamp?
    for look in looks {
      if let last, look.at + (.zero - look.duration) < last + breakLength {
        parts[parts.count - 1].looks.append(look)
      } else {
        parts.append(Recording(name: name, instances: instances, looks: [look]))
      }
      last = look.at
    }
    return parts
  }
}

/// A stretch of a recording that a burn-in is played in.
struct CalmWindow: Hashable, Sendable {
  var recording: Int
  var looks: Range<Int>
  /// Looks of the range that are before the would-be deploy.
  var before: Int
  /// Positions of the instances that were there all the time.
  var members: [Int]
  var baseline: TimeSpan
  var burnIn: TimeSpan
  /// Checks of which something was measured after the would-be deploy.
  var measured: Set<Int>
}

/// Windows cut out of recordings, and what was left over and why.
struct WindowCut: Hashable, Sendable {
  private(set) var windows: [CalmWindow] = []
  /// Windows that are shorter than the policy's baseline and burn-in together.
  private(set) var short = 0
  /// Left out: shorter than anything can be judged in, or with fewer than three instances throughout.
  private(set) var tooShort = 0
  private(set) var tooFew = 0

  private let baseline: TimeSpan
  private let burnIn: TimeSpan

  /// Shortest burn-in played, and instances that at least make siblings to compare with and among each other.
  static let shortest = TimeSpan.minutes(2)
  static let fewest = 3
  /// Part of a window's looks in which an instance must have been seen.
  private static let presence = 0.8

  init(_ recordings: [Recording], baseline: TimeSpan, burnIn: TimeSpan) {
    self.baseline = baseline
    self.burnIn = max(burnIn, Self.shortest)
    for (index, recording) in recordings.enumerated() { cut(recording, index) }
  }

  private mutating func cut(_ recording: Recording, _ index: Int) {
    guard let start = recording.start else { return }
    let (whole, length) = (baseline + burnIn, recording.length)
    // Looks do not end with the second: nearly a whole one is one.
    if length.milliseconds >= whole.milliseconds / 20 * 19 {
      let count = max(1, length.milliseconds / max(1, whole.milliseconds))
      for number in 0..<count {
        let from = start + TimeSpan(milliseconds: number * whole.milliseconds)
        add(recording, index, from: from, deploy: from + baseline, to: from + whole)
      }
    } else {
      let before = min(baseline, TimeSpan(milliseconds: length.milliseconds / 4))
      guard length - before >= Self.shortest else {
        tooShort += 1
        return
      }
      let known = windows.count
      add(recording, index, from: start, deploy: start + before, to: start + length)
      short += windows.count - known
    }
  }

  private mutating func add(
    _ recording: Recording, _ index: Int, from: Timestamp, deploy: Timestamp, to end: Timestamp
  ) {
    let looks = recording.looks
    let (first, last) = (Self.place(after: from, in: looks), Self.place(after: end, in: looks))
    let deployed = Self.place(after: deploy, in: looks)
    guard deployed < last else {
      tooShort += 1
      return
    }
    let members = Self.members(looks[first..<last], of: recording.instances.count)
    guard members.count >= Self.fewest else {
      tooFew += 1
      return
    }
    var measured: Set<Int> = []
    for look in looks[deployed..<last] {
      for check in look.checks where !measured.contains(check.check) {
        if members.contains(where: { check.readings[$0] != .missing }) { measured.insert(check.check) }
      }
    }
    windows.append(
      CalmWindow(
        recording: index, looks: first..<last, before: deployed - first, members: members, baseline: deploy - from,
        burnIn: end - deploy, measured: measured))
  }

  /// Index of the first look that ends later; looks ascend.
  private static func place(after time: Timestamp, in looks: [Look]) -> Int {
    var (low, high) = (0, looks.count)
    while low < high {
      let middle = (low + high) / 2
      if looks[middle].at > time { high = middle } else { low = middle + 1 }
    }
    return low
  }

  private static func members(_ looks: ArraySlice<Look>, of instances: Int) -> [Int] {
    var seen = [Int](repeating: 0, count: instances)
    var most = 0
    for look in looks {
      var isSeen = false
      for position in 0..<instances where look.checks.contains(where: { $0.readings[position] != .missing }) {
        seen[position] += 1
        isSeen = true
      }
      if isSeen { most += 1 }
    }
    return seen.indices.filter { seen[$0] > 0 && Double(seen[$0]) >= presence * Double(most) }
  }
}

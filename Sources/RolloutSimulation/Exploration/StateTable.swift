/// Every state visited, by its fingerprint, and how it was reached first.
struct StateTable {
  private var low: [UInt64] = []
  private var high: [UInt64] = []
  private var parents: [UInt32] = []
  private var steps: [UInt16] = []
  private var calm: [UInt32] = []
  /// Open addressing; `none` for an empty slot.
  private var slots: [UInt32]

  static let none = UInt32.max

  init() { slots = Array(repeating: Self.none, count: 1 << 16) }

  var count: Int { low.count }

  mutating func insert(_ fingerprint: Fingerprint, from: (node: UInt32, step: Step)?) -> (node: UInt32, isNew: Bool) {
    if (count + 1) * 5 > slots.count * 3 { grow() }
    var slot = Int(truncatingIfNeeded: fingerprint.low) & (slots.count - 1)
    while slots[slot] != Self.none {
      let node = Int(slots[slot])
      if low[node] == fingerprint.low, high[node] == fingerprint.high { return (slots[slot], false) }
      slot = (slot + 1) & (slots.count - 1)
    }
    let node = UInt32(count)
    slots[slot] = node
    low.append(fingerprint.low)
    high.append(fingerprint.high)
    parents.append(from?.node ?? Self.none)
    steps.append(from?.step.code ?? 0)
    calm.append(Self.none)
    return (node, true)
  }

  private mutating func grow() {
    slots = Array(repeating: Self.none, count: slots.count * 2)
    for node in low.indices {
      var slot = Int(truncatingIfNeeded: low[node]) & (slots.count - 1)
      while slots[slot] != Self.none { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = UInt32(node)
    }
  }

  /// The shortest way here.
  func path(to node: UInt32) -> [Step] {
    var path: [Step] = []
    var node = Int(node)
    while parents[node] != Self.none {
      path.append(Step(code: steps[node]))
      node = Int(parents[node])
    }
    return path.reversed()
  }

  // MARK: Calm moves

  mutating func setCalm(_ node: UInt32, _ target: UInt32) { calm[Int(node)] = target }

  /// Follows the calm moves from every state: the longest way to where there is none, one state on a way without an
  /// end, and the states in which the ways end.
  func walkCalm() -> (longest: Int, cycle: UInt32?, ends: [UInt32]) {
    let (unknown, open) = (Int32(-1), Int32(-2))
    var length = [Int32](repeating: unknown, count: count)
    var ends: [UInt32] = []
    var longest = Int32(0)
    for start in low.indices where length[start] == unknown {
      var trail: [Int] = []
      var node = start
      while length[node] == unknown, calm[node] != Self.none {
        length[node] = open
        trail.append(node)
        node = Int(calm[node])
      }
      if length[node] == open { return (Int(longest), UInt32(node), ends) }
      if length[node] == unknown {
        length[node] = 0
        ends.append(UInt32(node))
      }
      for (distance, passed) in trail.reversed().enumerated() { length[passed] = length[node] + Int32(distance) + 1 }
      longest = max(longest, length[start])
    }
    return (Int(longest), nil, ends)
  }
}

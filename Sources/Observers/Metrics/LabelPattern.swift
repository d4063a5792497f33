/// A regular expression over a whole label value, as PromQL's `=~` anchors it. It runs all alternatives side by side
/// (Thompson, CACM 11(6), 1968): time grows with pattern times value and never faster, because the values come from
/// hosts and must not be able to stall the controller.
struct LabelPattern: Hashable, Sendable {
  /// What a pattern is made of.
  indirect enum Node: Hashable, Sendable {
    case empty
    case set(ScalarSet)
    case sequence([Node])
    case either([Node])
    /// `most` nil: without bound.
    case repeated(Node, least: Int, most: Int?)
  }

  struct ScalarSet: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false
    func contains(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } != isNegated }
  }

  private enum Step: Hashable, Sendable {
    case take(ScalarSet)
    /// Goes on at both.
    case fork(Int, Int)
    case done
  }

  private var steps: [Step] = []

  /// Larger patterns are refused: repetitions multiply.
  static let maxSteps = 2_000

  init(_ text: String) throws(PatternError) {
    var parser = LabelPatternParser(text)
    emit(try parser.parse())
    steps.append(.done)
    guard steps.count <= Self.maxSteps else { throw PatternError(offset: 0, detail: "too large") }
  }

  func matches(_ value: String) -> Bool {
    var current = StepSet(count: steps.count)
    var following = StepSet(count: steps.count)
    follow(0, into: &current)
    for scalar in value.unicodeScalars {
      following.clear()
      for index in current.members {
        if case .take(let set) = steps[index], set.contains(scalar.value) { follow(index + 1, into: &following) }
      }
      if following.members.isEmpty { return false }
      swap(&current, &following)
    }
    return current.members.contains { steps[$0] == .done }
  }

  private func follow(_ start: Int, into set: inout StepSet) {
    var pending = [start]
    while let index = pending.popLast() {
      guard set.insert(index) else { continue }
      if case .fork(let a, let b) = steps[index] { pending += [b, a] }
    }
  }

  /// Members in the order of insertion, without duplicates.
  private struct StepSet {
    private(set) var members: [Int] = []
    private var isMember: [Bool]
    init(count: Int) { isMember = Array(repeating: false, count: count) }
    mutating func insert(_ index: Int) -> Bool {
      guard !isMember[index] else { return false }
      isMember[index] = true
      members.append(index)
      return true
    }
    mutating func clear() {
      for index in members { isMember[index] = false }
      members.removeAll(keepingCapacity: true)
    }
  }
}

extension LabelPattern {
  /// Appends the steps of `node`; the step after them is what follows it.
  private mutating func emit(_ node: Node) {
    // Beyond the limit nothing more is built; the initialiser refuses the pattern.
    guard steps.count <= Self.maxSteps else { return }
    switch node {
    case .empty: break
    case .set(let set): steps.append(.take(set))
    case .sequence(let nodes): for node in nodes { emit(node) }
    case .either(let nodes): emit(alternatives: nodes)
    case .repeated(let node, let least, let most):
      for _ in 0..<least {
        let count = steps.count
        emit(node)
        // What is made of no steps stays so, and nested repetitions of it would be counted out one by one.
        if steps.count == count { break }
      }
      guard let most else { return emit(anyNumberOf: node) }
      for _ in least..<max(least, most) { emit(optional: node) }
    }
  }

  private mutating func emit(alternatives nodes: [Node]) {
    guard let first = nodes.first, nodes.count > 1 else { return emit(nodes.first ?? .empty) }
    let fork = steps.count
    steps.append(.done)
    emit(first)
    // A fork to one place is a jump.
    let jump = steps.count
    steps.append(.done)
    steps[fork] = .fork(fork + 1, steps.count)
    emit(alternatives: Array(nodes.dropFirst()))
    steps[jump] = .fork(steps.count, steps.count)
  }

  private mutating func emit(anyNumberOf node: Node) {
    let fork = steps.count
    steps.append(.done)
    emit(node)
    steps.append(.fork(fork, fork))
    steps[fork] = .fork(fork + 1, steps.count)
  }

  private mutating func emit(optional node: Node) {
    let fork = steps.count
    steps.append(.done)
    emit(node)
    steps[fork] = .fork(fork + 1, steps.count)
  }
}

/// What of a pattern is not understood, and where: an offset in characters.
struct PatternError: Error, Hashable, Sendable {
  var offset: Int
  var detail: String
}

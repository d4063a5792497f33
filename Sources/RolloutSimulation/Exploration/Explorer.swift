internal import RolloutCore

/// Visits every state of a small world, breadth first, and holds each against everything that must never happen.
///
/// A state is known by its fingerprint. Per state visited it keeps that, the state it was first reached from, the move
/// that led here, and where a calm move leads; the states themselves are kept only while they wait to be expanded.
package struct Explorer {
  let world: ExploredWorld
  /// States to visit at most; nil: all.
  let limit: Int?
  /// Stop at the first depth at which something is wrong.
  let stopsAtViolation: Bool

  private var table: StateTable
  private var lawful: Set<Fingerprint> = []
  private var report: ExplorationReport

  package init(_ world: ExploredWorld, limit: Int? = nil, stopsAtViolation: Bool = true) {
    self.world = world
    self.limit = limit
    self.stopsAtViolation = stopsAtViolation
    table = StateTable()
    report = ExplorationReport(world: world.name, bounds: world.bounds)
  }

  package static func explore(_ world: ExploredWorld, limit: Int? = nil) -> ExplorationReport {
    var explorer = Explorer(world, limit: limit)
    explorer.run()
    return explorer.report
  }

  private mutating func run() {
    let start = ExploredState(world)
    var level: [(node: UInt32, state: ExploredState)] = [(table.insert(start.fingerprint, from: nil).node, start)]
    while !level.isEmpty, !isDone {
      var next: [(node: UInt32, state: ExploredState)] = []
      for (node, state) in level {
        expand(node, state, &next)
        if isDone { break }
      }
      if !next.isEmpty { report.depth += 1 }
      level = next
    }
    report.isComplete = level.isEmpty && report.violations.isEmpty
    report.states = table.count
    report.rollouts = lawful.count
    if report.isComplete { checkCalm() }
  }

  private var isDone: Bool {
    if stopsAtViolation, !report.violations.isEmpty { return true }
    return limit.map { table.count >= $0 } ?? false
  }

  private mutating func expand(
    _ node: UInt32, _ state: ExploredState, _ next: inout [(node: UInt32, state: ExploredState)]
  ) {
    let calm = state.calmMove
    for (index, move) in state.moves.enumerated() {
      var successor = state
      successor.decided = 0
      successor.perform(move)
      let target = visit(successor, node, Step(move: index, cut: 0), &next)
      if move == calm { table.setCalm(node, target) }
      guard state.left.crashes > 0, successor.decided > 0 else { continue }
      // The controller may die with any part of the decision recorded; with all of it, a crash is a move of its own.
      for cut in 0..<min(successor.decided, Step.cuts) {
        var cutShort = state
        cutShort.cut = cut
        cutShort.perform(move)
        if cutShort.isAlive { continue }
        _ = visit(cutShort, node, Step(move: index, cut: cut + 1), &next)
      }
    }
  }

  private mutating func visit(
    _ successor: ExploredState, _ node: UInt32, _ step: Step, _ next: inout [(node: UInt32, state: ExploredState)]
  ) -> UInt32 {
    report.transitions += 1
    let place = table.insert(successor.fingerprint, from: (node, step))
    if let violation = successor.witness.violations.first {
      note(violation, place.node, from: (node, step))
      return place.node
    }
    guard place.isNew else { return place.node }
    var witness = successor.witness
    witness.checkExposure(successor.rollout, successor.hosts)
    if successor.isAlive { checkLaws(successor, &witness) }
    if let violation = witness.violations.first { note(violation, place.node, from: (node, step)) }
    if successor.rollout.isEnded { report.ends += 1 }
    next.append((place.node, successor))
    return place.node
  }

  /// Once for each state of the rollout itself, whatever goes on around it.
  private mutating func checkLaws(_ state: ExploredState, _ witness: inout SafetyWitness) {
    var fingerprint = Fingerprint()
    RolloutFingerprint(state.rollout, now: state.now).add(to: &fingerprint)
    fingerprint.add(state.turn)
    guard lawful.insert(fingerprint).inserted else { return }
    for violation in StateLaws.violations(state.rollout, now: state.now, isUnsettled: state.turn > 0) {
      witness.report(violation)
    }
  }

  private mutating func note(_ violation: String, _ node: UInt32, from: (node: UInt32, step: Step)) {
    if report.violations.count >= 5 { return }
    let path = table.path(to: from.node) + [from.step]
    report.violations.append(.init(rule: violation, history: history(path)))
  }

  // MARK: Calm

  /// G10: from every state, once nothing goes wrong any more, it ends or comes to rest where it says whom it waits for.
  private mutating func checkCalm() {
    let walk = table.walkCalm()
    report.longestCalm = walk.longest
    if let node = walk.cycle {
      report.violations.append(
        .init(rule: "never comes to rest", history: history(table.path(to: node), thenCalm: 20)))
    }
    for node in walk.ends {
      let path = table.path(to: node)
      let state = replay(path)
      if state.isAtNamedRest { continue }
      report.violations.append(
        .init(rule: "comes to rest and waits for nobody: \(state.rollout.waitingOn)", history: history(path)))
      return
    }
  }

  // MARK: Paths

  private func replay(_ path: [Step]) -> ExploredState {
    var state = ExploredState(world)
    for step in path { state.take(step) }
    return state
  }

  /// The way for people; and how it goes on by itself.
  private func history(_ path: [Step], thenCalm: Int = 0) -> [String] {
    var state = ExploredState(world)
    var lines: [String] = []
    for step in path {
      let moves = state.moves
      guard moves.indices.contains(step.move) else { break }
      var text = moves[step.move].describe(world.plan, state.wires)
      if step.cut > 0 { text += ", and the controller dies after \(step.cut - 1) of the records" }
      state.take(step)
      tell(text, state, &lines)
    }
    lines.append("   => \(state.rollout.stateName)")
    for _ in 0..<thenCalm {
      guard let move = state.calmMove else { break }
      let text = move.describe(world.plan, state.wires)
      state.perform(move)
      tell(text, state, &lines)
    }
    return lines
  }

  private func tell(_ text: String, _ state: ExploredState, _ lines: inout [String]) {
    lines.append("\(state.now - world.plan.createdAt): \(text)")
    for event in state.recorded { lines.append("      \(event.told(state.rollout))") }
  }
}

/// Which of a state's moves, and how much of what it decided was recorded: 0 for all, else one more than the number.
struct Step: Hashable {
  static let cuts = 30
  var move: Int
  var cut: Int

  init(move: Int, cut: Int) {
    self.move = move
    self.cut = cut
  }

  init(code: UInt16) {
    move = Int(code >> 5)
    cut = Int(code & 31)
  }

  var code: UInt16 { UInt16(move << 5 | cut) }
}

extension ExploredState {
  mutating func take(_ step: Step) {
    let moves = moves
    guard moves.indices.contains(step.move) else { return }
    if step.cut > 0 { cut = step.cut - 1 }
    perform(moves[step.move])
  }

  /// Ended, or it names a person to wait for.
  var isAtNamedRest: Bool {
    if rollout.isEnded { return true }
    guard rollout.isAtRest || rollout.pause != nil else { return false }
    return rollout.waitingOn.contains { $0.deadline == nil && !$0.remedy.isEmpty }
  }
}

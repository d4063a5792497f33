import RolloutSimulation

@testable import RolloutCore

/// Inputs that wait for a turn, drawn from one number: how many make a turn, how long it waits, what comes twice.
struct WaitingInputs {
  private var dice: SplitMix64
  private(set) var inputs: [Input] = []
  private var size = 1
  /// When the turn is given at the latest; nil while nothing waits.
  private(set) var due: Timestamp?

  init(seed: UInt64) { dice = SplitMix64(seed: seed) }

  var hasTick: Bool { inputs.contains(.tick) }
  var isFull: Bool { inputs.count >= size }

  mutating func put(_ input: Input, _ now: Timestamp) {
    if due == nil {
      size = Int.random(in: 1...6, using: &dice)
      // A store that is slow, or out of order for a while, makes long turns.
      due = now + TimeSpan(milliseconds: dice.pick([0, 200, 2000, 9000]))
    }
    // A runner looks at its clocks before it looks at what came.
    if case .clockJumped = input { return inputs.insert(input, at: 0) }
    inputs.append(input)
    if dice.chance(15) { inputs.append(dice.pick(inputs.filter { !$0.isNewsTwice })) }
  }

  mutating func clear() {
    inputs = []
    due = nil
  }

  mutating func shift(by: TimeSpan) { due = due.map { $0 + by } }

  mutating func leavesInGoodOrder() -> Bool { dice.chance(50) }
}

/// Turns as the engine's runner takes them: every input decided unsettled, in order, each event stamped anew; then what
/// comes last; then a tick that settles. A crash may fall on any record of it.
extension MachineWorld {
  mutating func putInInbox(_ input: Input) {
    inbox?.put(input, now)
    if inbox?.isFull == true { giveTurn() }
  }

  mutating func giveTurn(isLast: Bool = false) {
    let inputs = inbox?.inputs ?? []
    inbox?.clear()
    giveTurn(inputs, isLast: isLast)
  }

  mutating func giveTurn(_ inputs: [Input], isLast: Bool = false) {
    for input in inputs where !input.comesLast && isAlive {
      let events = decide(input, settling: false)
      guard isThorough, isAlive else { continue }
      witness.checkCounts(rollout)
      if events != nil { witness.checkRepeat(of: input, rollout, now, settling: false) }
    }
    if isLast {
      if isAlive { _ = decide(.stopping(reason: "asked to"), settling: false) }
      return
    }
    for input in inputs where input.comesLast && isAlive { _ = decide(input, settling: true) }
    if isAlive { _ = decide(.tick, settling: true) }
    if isThorough { checkLaws(after: .tick) }
  }
}

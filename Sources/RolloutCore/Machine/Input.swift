/// What is offered to the machine. It answers each with events or a rejection, in every state.
public enum Input: Hashable, Sendable {
  /// Time passed.
  case tick
  case tookOver(epoch: Int64, holder: String, gap: TimeSpan)
  case stopping(reason: String)
  case clockJumped(by: TimeSpan, reason: String)
  /// What became of an `Effect.perform` with this number.
  case outcome(host: Int, number: Int64, Outcome)
  /// What a host said to an `Effect.ask` with this number.
  case answered(host: Int, number: Int64, StepRecord)
  case unreachable(host: Int, number: Int64, detail: String)
  /// The probes of `Effect.watch(host, expecting)` changed their mind.
  case health(host: Int, expecting: Version?, Health)
  /// The checks of `Effect.analyse`, by the number of that analysis.
  case verdict(number: Int64, Verdict)
  /// The sources of the analysis with this number have the baseline in their history.
  case baselineTaken(number: Int64)
  case operation(Operation, Verb)

  /// Taken last in a turn, and settling: it may send a step again, and what was asked in the same turn may forbid that.
  public var comesLast: Bool {
    switch self {
    case .answered(_, _, .absent), .answered(_, _, .interrupted): true
    default: false
    }
  }

  public enum Verb: Hashable, Codable, Sendable {
    case pause, resume, rollback, retry, supersede
    case promote(full: Bool)
    /// Nil: as the policy's `on_abort` says.
    case abort(AbortMode?)
    case skip(HostID)
  }
}

/// Something to do, derived from the state. It stays outstanding until an input answers it or the state drops it.
public enum Effect: Hashable, Sendable {
  /// Send this once. `number` is the fence step: a reissue is another effect.
  case perform(host: Int, number: Int64, HostCommand)
  /// Ask the host what became of a step.
  case ask(host: Int, number: Int64, StepKey)
  /// Run the instance's probes for as long as this is outstanding.
  case watch(host: Int, expecting: Version?)
  /// Run the checks for as long as this is outstanding.
  case analyse(Analysis)
}

/// Why an input is refused in this state. Every one names what may be done instead.
public enum Rejection: Error, Hashable, Sendable {
  case ended(Fate)
  case staleEpoch(current: Int64)
  case alreadyPaused
  case notPaused
  case nothingToPromote(state: String)
  case promoteNeedsRetry
  case nothingToRetry(state: String)
  case alreadyAborting
  case alreadyRollingBack
  case irreversible(detail: String)
  case unknownHost(HostID)
  case cannotSkip(HostID, state: String)
  case notAtRest(state: String)
  case pauseNotPossible(state: String)

  /// One sentence, and what to do instead.
  public var message: String {
    switch self {
    case .ended(let fate):
      "the rollout has ended (\(fate.rawValue)); `canary rollback` starts a way back, `canary history` lists it"
    case .staleEpoch(let current): "another controller has taken over (epoch \(current)); this one must stop"
    case .alreadyPaused: "the rollout is paused already; `canary resume` goes on"
    case .notPaused: "the rollout is not paused; `canary explain` says what it waits for"
    case .nothingToPromote(let state):
      "no gate to pass while \(state); promote works in a baseline, a burn-in or a soak, at an approval, "
        + "or halted without a verdict"
    case .promoteNeedsRetry:
      "halted by a failure, which promote does not override; `canary retry` goes on after you fixed it, "
        + "`canary skip HOST` leaves a host out, `canary rollback` goes back"
    case .nothingToRetry(let state): "nothing failed to retry while \(state)"
    case .alreadyAborting: "the rollout is being aborted already; `canary watch` follows it"
    case .alreadyRollingBack: "the rollout is rolling back already; `canary watch` follows it"
    case .irreversible(let detail): "cannot roll back: \(detail); `canary abort --hold` stops where it is"
    case .unknownHost(let host): "no host \(host) in this rollout; `canary status` lists them"
    case .cannotSkip(let host, let state): "\(host) cannot be skipped while it is \(state)"
    case .notAtRest(let state): "still \(state); abort it first: `canary abort --hold`"
    case .pauseNotPossible(let state): "cannot pause while \(state)"
    }
  }
}

/// A journal that does not add up: the record at fault and why. Never a trap, the journal may be foreign.
public enum ReplayError: Error, Hashable, Sendable {
  case missingPlan
  case illegal(kind: String, detail: String)

  public var message: String {
    switch self {
    case .missingPlan: "the first record is not a plan"
    case .illegal(let kind, let detail): "event \(kind) is not possible here: \(detail)"
    }
  }
}

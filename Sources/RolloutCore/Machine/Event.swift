/// What happened: the only way a `Rollout` changes. Past tense, journalled before anything is done about it.
///
/// A host is its index in `Plan.hosts`. Deadlines stand in the events, so that they survive a kill and an edit of
/// the rules that set them.
public enum Event: Hashable, Codable, Sendable {
  /// Record 0 and nowhere else.
  case planned(Plan)
  /// A controller took the service's lease. `gap` is the time since the last sign of life of the one before: nobody
  /// watched, so every deadline moves by it. Steps in flight become questions.
  case controllerTookOver(epoch: Int64, holder: String, gap: TimeSpan)
  /// The controller left in good order; the time from here to the next takeover is not counted.
  case controllerStopped(reason: String)
  /// The wall clock jumped, or the process was frozen: deadlines move by `by`, which may be negative.
  /// After a negative one the records are stamped by the earlier clock.
  case clocksShifted(by: TimeSpan, reason: String)

  case waveStarted(wave: Int, progressDeadline: Timestamp)
  /// Every instance is measured, and none is taken down before this ends.
  case baselineStarted(until: Timestamp)
  /// `progressDeadline`: the time without progress is counted from here.
  case baselineEnded(BaselineGrounds, progressDeadline: Timestamp)
  /// Recorded before the command is sent. `giveUp` is when an unanswered step counts as failed.
  case stepIntended(host: Int, step: StepKind, attempt: Int, fence: Fence, giveUp: Timestamp)
  /// `verifyBy` comes with an activation: until then its probes must have agreed.
  case stepFinished(host: Int, step: StepKind, verifyBy: Timestamp?)
  case stepFailed(host: Int, step: StepKind, detail: String)
  /// The host could not be reached; it is tried again at `retryAt`.
  case stepDeferred(host: Int, detail: String, retryAt: Timestamp)
  /// Sent and not answered: the host is asked what became of it.
  case stepQuestioned(host: Int, detail: String)
  /// The host never had it, or lost it half way: the same key is sent once more under a new fence.
  case stepReissued(host: Int, fence: Fence)
  /// A deferred question is asked again.
  case questionRepeated(host: Int)

  case healthChanged(host: Int, health: Health)
  /// `progressDeadline`: an instance became healthy, so the rollout may take that long again.
  case hostVerified(host: Int, progressDeadline: Timestamp)
  case hostFailed(host: Int, detail: String)

  /// A canary burns in, or the checks watch a later wave before it counts as passed.
  case burnInStarted(wave: Int, earliest: Timestamp, latest: Timestamp)
  /// News of the rollout's one analysis, with the wave at work; in the soak, the last one.
  case verdictReached(wave: Int, verdict: Verdict)
  /// `noData: wait` at the end of the burn-in.
  case burnInExtended(wave: Int, latest: Timestamp)
  case wavePassed(wave: Int, grounds: PassGrounds)
  case approvalAwaited(wave: Int, deadline: Timestamp)
  /// Every wave passed, and the checks watch the whole service.
  case soakStarted(until: Timestamp)

  case paused(Operation)
  case resumed(Operation)
  case promoted(Operation, full: Bool)
  case hostSkipped(Operation, host: Int)
  case retried(Operation, progressDeadline: Timestamp)
  case abortRequested(Operation, mode: AbortMode)

  case halted(Halt)
  case rollbackStarted(RollbackCause, operation: Operation?, deadline: Timestamp)
  /// A revert could not finish on every host.
  case stuck(detail: String)
  case ended(Fate, detail: String)
}

/// Who asked, why, and under which request, so that a request delivered twice is one.
public struct Operation: Hashable, Codable, Sendable {
  public var request: String
  public var by: String
  public var reason: String
  public init(request: String, by: String, reason: String) {
    self.request = request
    self.by = by
    self.reason = reason
  }
}

/// Why a wave passed.
public enum PassGrounds: Hashable, Codable, Sendable {
  /// Every instance healthy, and no checks that watch it any longer.
  case healthy
  /// Every instance of a later wave healthy, and the checks found nothing against it for `wave_burn_in`.
  case watched(Verdict?)
  /// The burn-in finished with a pass.
  case burnedIn(Verdict)
  /// The policy promotes when the burn-in ends without a verdict.
  case inconclusive(Verdict?)
  case promoted(by: String, reason: String)
}

/// Why the baseline was over.
public enum BaselineGrounds: Hashable, Codable, Sendable {
  /// It took its whole time.
  case measured
  /// The sources had that time in their history.
  case history
  case promoted(by: String, reason: String)
}

public struct Halt: Hashable, Codable, Sendable {
  public var cause: Cause
  public var detail: String
  public enum Cause: String, Hashable, Codable, Sendable {
    case failed, inconclusive
    case noData = "no_data"
    case approvalTimedOut = "approval_timed_out"
  }
  public init(cause: Cause, detail: String) {
    self.cause = cause
    self.detail = detail
  }
}

public enum RollbackCause: Hashable, Codable, Sendable {
  case failed(detail: String)
  case aborted
  case requested
}

/// How a rollout ended, for good.
public enum Fate: String, Hashable, Codable, Sendable {
  case succeeded
  case rolledBack = "rolled_back"
  case aborted, superseded
}

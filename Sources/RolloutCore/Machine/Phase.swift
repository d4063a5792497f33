/// What the rollout as a whole is doing. A pause lies over it.
public enum Phase: Hashable, Sendable {
  /// The plan is recorded and nothing was sent. Can go to updating, stopping, ended.
  case queued
  /// The wave's instances are being updated. Can go to burningIn, waitingApproval, the next wave, halted, rollingBack,
  /// stopping, ended.
  case updating(wave: Int, progressDeadline: Timestamp)
  /// Every instance of the wave is healthy and the checks decide. Goes where updating goes, the last one to soaking.
  case burningIn(wave: Int, BurnIn)
  /// The wave passed and a person must say `promote`. Can go to the next wave, halted, rollingBack, stopping.
  case waitingApproval(wave: Int, deadline: Timestamp)
  /// Every wave passed, and the checks watch the whole service. Can go to halted, rollingBack, stopping, ended.
  case soaking(Soak)
  /// Stopped by a verdict or a limit; waits for a person. Can go to updating, soaking, rollingBack, stopping, ended.
  case halted(wave: Int, Halt)
  /// Touched instances go back to what they ran. Can go to stuck, ended.
  case rollingBack(RollbackCause, deadline: Timestamp)
  /// A revert could not finish; waits for a person. Can go to rollingBack (retry), stopping, ended.
  case stuck(RollbackCause, detail: String)
  /// Aborted in place: no new step, the ones in flight are awaited. Can go to ended.
  case stopping(Operation)
  /// Nothing more happens.
  case ended(Fate, detail: String)

  public struct BurnIn: Hashable, Sendable {
    public var since: Timestamp
    public var earliest: Timestamp
    public var latest: Timestamp
    /// `burnInExtended` was recorded: it waits for data past its limit.
    public var isExtended: Bool
    /// The checks have spoken since it began, so that their last word can be about its instances.
    package internal(set) var isSeen = false
  }

  public struct Soak: Hashable, Sendable {
    public var since: Timestamp
    public var until: Timestamp
    /// A person ended it before its time.
    public var isPromoted: Bool
  }
}

public struct Pause: Hashable, Sendable {
  public var since: Timestamp
  public var operation: Operation
}

import RolloutCore

/// What `canary` exits with. The numbers are fixed; docs and scripts rest on them.
enum ExitStatus: Int32, CaseIterable, Sendable {
  case succeeded = 0
  case toolError = 1
  /// The release failed, or was taken back on request, and the hosts run what they ran before.
  case rolledBack = 2
  /// Stopped by a failure, or by an approval that nobody gave; a person must say how to go on.
  case halted = 3
  /// Its limit came without a verdict.
  case inconclusive = 4
  /// Locked, a precondition, or the policy.
  case refused = 5
  /// `--timeout` passed, or the controller left, and the rollout can go on.
  case stillRunning = 6
  case aborted = 7
  /// A revert could not finish.
  case stuck = 8
  case planFoundChanges = 10
  case usage = 64
  case invalidPolicy = 65
  /// 128 and the signal's number: the terminal was closed, Ctrl-C, SIGTERM. The rollout can be taken up again.
  case hungUp = 129
  case interrupted = 130
  case terminated = 143

  /// What a rollout in this state means to a script.
  static func of(_ rollout: Rollout) -> ExitStatus {
    switch rollout.phase {
    case .ended(.succeeded, _): .succeeded
    case .ended(.rolledBack, _): .rolledBack
    case .ended(.aborted, _), .ended(.superseded, _): .aborted
    case .halted(_, let halt):
      switch halt.cause {
      case .failed, .approvalTimedOut: .halted
      case .inconclusive, .noData: .inconclusive
      }
    case .stuck: .stuck
    case .queued, .updating, .burningIn, .waitingApproval, .soaking, .rollingBack, .stopping: .stillRunning
    }
  }
}

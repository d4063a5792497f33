/// One loss of one process at one place, and what must come of it.
public struct Cell: Sendable, CustomStringConvertible {
  /// What is lost, and how: a column of the table.
  public enum Means: String, Sendable, CaseIterable {
    case killController = "kill controller"
    case killAtSync = "kill before sync"
    case stopController = "stop, take over, cont"
    case failWrite = "failed write"
    case failSync = "EIO of sync"
    case killVerb = "kill verb"
    case killHelper = "kill helper"
    case killConnection = "kill ssh"
    case failHost = "host disk fails"
    case fillDisk = "disk full"
    case takeover = "takeover"
  }

  /// What the rollout would do if nothing were lost.
  public enum Course: String, Sendable {
    /// 2.0 to every host.
    case forward
    /// 3.0 fails on the canary and is taken back.
    case wayBack
    /// As `forward`, by a controller in the background.
    case detached
    /// As `forward`, with checks that measure.
    case measured
    /// As `forward`, lost once before, so that a host is asked what became of a step.
    case asked
    /// As `forward`, with a new journal in place of a lost one.
    case adopted
    /// 2.0 in place of a halted 3.0 whose journal was changed on the disk.
    case damaged
    /// A verb while a controller drives.
    case pause, resume, promote, abortHold, abortRollback
    /// The same while the canary's restart command runs.
    case abortHoldInStep, abortRollbackInStep
    /// A verb that finds nobody who drives.
    case orphanAbort, retry, rollback
  }

  public var means: Means
  public var course: Course
  public var reach: Arena.Reach
  /// A row of the table: a write and its stage, a moment, or a call on a host's disk.
  public var row: String
  /// Which time that the row is reached, from 1.
  public var occurrence: Int
  /// The longest a lease lives, in milliseconds; nil for the real terms.
  public var lease: Int64? = 600
  /// A stopped controller goes on only after the other one has ended the rollout.
  public var isLate = false

  init(_ means: Means, _ row: String, _ occurrence: Int = 1, course: Course = .forward, reach: Arena.Reach = .local) {
    (self.means, self.row, self.occurrence, self.course, self.reach) = (means, row, occurrence, course, reach)
  }

  /// What of this machine the cell needs and not every user may do; nil for most.
  var needed: String? {
    switch (means, row) {
    case (.fillDisk, _): "root, to mount a small file system"
    case (.takeover, "other machine"): "root, to give a process another host name"
    default: nil
    }
  }

  public var description: String {
    "\(means.rawValue)\(isLate ? " late" : "") at \(row) #\(occurrence), \(course.rawValue) over \(reach.rawValue)"
  }
}

/// What came of a cell.
public struct CellResult: Sendable {
  public var cell: Cell
  /// Invariants that did not hold; none is green.
  public var objections: [String]
  /// False when the place was not reached, so that nothing was lost.
  public var isMet: Bool
  /// A figure worth printing, such as the time a takeover took.
  public var note: String?
  public var time: Duration
  /// What this machine or user cannot do, so that the cell was not tried.
  public var skipped: String?

  public var isGreen: Bool { objections.isEmpty }
}

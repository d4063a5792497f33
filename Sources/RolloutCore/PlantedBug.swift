/// A mistake somebody could make in this code, kept ready so that the search for mistakes can be tried on it: a search
/// that misses one of these has no teeth. Only a build with `-DPLANTED_BUGS` can turn one on; in every other build
/// `planted` is constantly false and the optimiser leaves nothing of it.
///
/// One line per mistake, each saying what the product does wrong with it.
@usableFromInline
package enum PlantedBug: String, CaseIterable, Sendable {
  // MARK: The machine

  /// An instance whose state nobody knows counts as serving.
  case unknownCountsAsServing

  // MARK: The planner

  // MARK: The engine

  // MARK: The simulated world

  /// The host forgets what a step came to, and does it again.
  case hostForgetsOutcomes
  /// The host follows whoever speaks last.
  case hostIgnoresFence
  /// A step begins before its fence and its intent are on disk for certain.
  case hostSkipsFenceSync
  /// The fence is written when the step is done.
  case hostActsBeforeFence
  /// The outcome is told and not synced.
  case hostSkipsOutcomeSync
  /// The outcome is told, and synced a while later.
  case hostAcknowledgesBeforeSync
  /// A release is published whose files are not synced.
  case hostSkipsTreeSync
  /// `current` moves, and the directory is not synced.
  case hostSkipsCurrentSync
  /// `current` is removed and made anew instead of renamed over.
  case hostMovesCurrentInTwoSteps
  /// A release that is not there is activated.
  case hostActivatesWhatIsNotThere
  /// Pruning takes the release that the way back needs.
  case hostPrunesRollbackTarget
  /// Two steps work on one host at once.
  case hostWorksWithoutLock
  /// The answer that a step was not done does not last.
  case hostBindsNothing
  /// A step that runs is called absent.
  case hostCallsRunningAbsent
  /// The store says that a record is durable before it is.
  case storeAcknowledgesBeforeSync
  /// A batch is acknowledged and never written.
  case storeLosesRecords
  /// A write is accepted whoever holds the lease.
  case storeChecksNoEpoch
  /// A new holder of a lease gets the epoch of the one before.
  case storeGivesAnEpochTwice
}

#if PLANTED_BUGS
  extension PlantedBug {
    /// The one mistake this process makes. Set once by the simulator before anything runs, so nothing races on it.
    package nonisolated(unsafe) static var current: PlantedBug?

    /// Whether this build can make mistakes on request.
    package static var canBePlanted: Bool { true }
  }

  /// Whether this process is to make the mistake.
  @inline(always) package func planted(_ bug: PlantedBug) -> Bool { PlantedBug.current == bug }
#else
  extension PlantedBug {
    /// Whether this build can make mistakes on request.
    package static var canBePlanted: Bool { false }
  }

  /// Whether this process is to make the mistake: never, in this build.
  @inlinable @inline(always) package func planted(_ bug: PlantedBug) -> Bool { false }
#endif

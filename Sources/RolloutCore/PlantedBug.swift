/// A mistake somebody could make in this code, kept ready so that the search for mistakes can be tried on it: a search
/// that misses one of these has no teeth. Only a build with `-DPLANTED_BUGS` can turn one on; in every other build
/// `planted` is constantly false and the optimiser leaves nothing of it.
///
/// One line per mistake, each saying what the product does wrong with it.
@usableFromInline
package enum PlantedBug: String, CaseIterable, Sendable {
  // MARK: The machine

  /// A host of which nobody knows what became of its step counts as serving.
  case unknownCountsAsServing
  /// One instance more than `max_unavailable` is taken down.
  case oneTooManyDown
  /// A command carries the fence of the one before it.
  case fenceIsNotRaised
  /// A step without an answer is sent again before anybody asked the host.
  case unansweredIsSentAgain
  /// A controller that takes over sends the open steps again before it asks.
  case takeoverSendsAgain
  /// A controller that takes over measures the baseline anew.
  case takeoverResetsBaseline
  /// A controller that takes over believes the health that its predecessor saw.
  case takeoverTrustsOldHealth
  /// An answer counts whatever it is an answer to.
  case lateAnswersCount
  /// A step whose worker died on the host counts as done.
  case interruptedCountsAsDone
  /// A step without an outcome is waited for without end.
  case unansweredStepsNeverEnd
  /// The first good answer of its probes makes an instance healthy.
  case firstAnswerIsHealthy
  /// Probes that turn during a burn-in fail nothing.
  case burnInIgnoresProbes
  /// A burn-in ends with its time, whatever the checks say.
  case burnInEndsOnTime
  /// A burn-in without data passes where the policy promotes without a verdict.
  case noDataPromotes
  /// What the checks said before a wave lets it pass.
  case passCarriesOver
  /// The soak ends well although the checks speak against the release.
  case soakIgnoresChecks
  /// The rollout ends without its soak.
  case soakIsSkipped
  /// After a retry the verdict of before still counts.
  case retryKeepsVerdict
  /// A retry sends its steps under the keys of before.
  case retryReusesAttempt
  /// One failure more than `max_failures` is let through.
  case oneFailureTooMany
  /// A failed canary counts as one of `max_failures`.
  case canaryMayFail
  /// The hosts of every wave begin with the first.
  case allWavesAtOnce
  /// An approval that nobody gave in time is taken as given.
  case silenceApproves
  /// One `promote` approves every later wave.
  case onePromoteApprovesAll
  /// Forward steps begin in a pause.
  case pauseDoesNotHold
  /// The time of a pause counts.
  case pauseTakesTime
  /// A request that comes twice acts twice.
  case repeatedRequestActs
  /// An abort does not stop hosts that wait for their next step.
  case abortLeavesStagedHostsGoing
  /// An abort ends before drained instances are put back.
  case abortLeavesDrained
  /// An abort whose controller dies before the way back began is forgotten.
  case abortLostInCrash
  /// A promote whose controller dies before the next wave began is forgotten.
  case promoteLostInCrash
  /// A rollback forgets hosts whose step was in flight when it began.
  case rollbackForgetsInterrupted
  /// A rollback forgets hosts that failed on the way forward.
  case rollbackForgetsFailed
  /// A rollback leaves out of its load balancer what was only drained.
  case rollbackLeavesDrained
  /// A rollback that cannot go on waits without end.
  case rollbackHasNoDeadline
  /// A way back that fails is itself rolled back.
  case rollbackIsRolledBack
  /// An updated instance is not put back into its load balancer.
  case undrainForgotten
  /// When the clock is set, the deadlines of hosts stay where they were.
  case clockJumpForgetsHosts

  // MARK: The engine

  /// Commands go out before their intents are on stable storage.
  case engineActsBeforeAppend
  /// What could not be written is acted on all the same.
  case engineGoesOnUnwritten
  /// A controller whose lease was taken goes on.
  case engineIgnoresLostLease
  /// A state is shown that is not written yet.
  case engineShowsBeforeAppend
  /// A person is told that a request was taken before that is written.
  case engineAnswersBeforeAppend
  /// A runner that ends leaves its effects running.
  case engineLeavesEffectsRunning
  /// A controller goes on where the one before stopped, without a record of its own.
  case engineTakesOverSilently
  /// What people ask of a running controller is not looked for.
  case engineHearsNobody
  /// A wall clock that was set is believed.
  case engineTrustsTheClock
  /// A host is not asked what became of a step.
  case engineAssumesAbsent
  /// A rollout is started while another of the service is open.
  case engineStartsBesideAnother
  /// The last record is not read.
  case engineReadsAllButTheLast

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
  /// A step that runs is called absent, and nobody waits for it.
  case hostCallsRunningAbsent
  /// The store says that a record is durable before it is.
  case storeAcknowledgesBeforeSync
  /// A batch is acknowledged and never written.
  case storeLosesRecords
  /// A write is accepted whoever holds the lease.
  case storeChecksNoEpoch
  /// A new holder of a lease gets the epoch of the one before.
  case storeGivesAnEpochTwice
  /// A lease whose holder died on another machine is held for ever.
  case leaseNeverExpires
  /// A record of a batch is missing.
  case storeTearsBatches
  /// No data is a pass.
  case analystPassesOnNoData
  /// A request without an answer is taken for one that was not sent.
  case transportCallsUnansweredUnsent
  /// The service goes on with the version that it had.
  case hostKeepsOldVersionRunning
}

#if PLANTED_BUGS
  extension PlantedBug {
    /// The one mistake this process makes. Set once by the simulator before anything runs, so nothing races on it.
    package nonisolated(unsafe) static var current: PlantedBug?

    /// Whether this build can make mistakes on request.
    package static var canBePlanted: Bool { true }
  }

  /// Whether this process is to make the mistake.
  package func planted(_ bug: PlantedBug) -> Bool { PlantedBug.current == bug }
#else
  extension PlantedBug {
    /// Whether this build can make mistakes on request.
    package static var canBePlanted: Bool { false }
  }

  /// Whether this process is to make the mistake: never, in this build.
  @inlinable @inline(always) package func planted(_ bug: PlantedBug) -> Bool { false }
#endif

/// A mistake somebody could make in this code, kept ready so that the search for mistakes can be tried on it: a search
/// that misses one of these has no teeth. Only a build with `-DPLANTED_BUGS` can turn one on; in every other build
/// `planted` is constantly false and the optimiser leaves nothing of it.
///
/// One line per mistake, each saying what the product does wrong with it.
@usableFromInline package enum PlantedBug: String, CaseIterable, Sendable {
  // MARK: The machine

  /// An instance whose state nobody knows counts as serving.
  case unknownCountsAsServing

  // MARK: The planner

  // MARK: The engine

  // MARK: The simulated world
}

#if PLANTED_BUGS
  extension PlantedBug {
    /// The one mistake this process makes. Set once by the simulator before anything runs, so nothing races on it.
    @usableFromInline package nonisolated(unsafe) static var current: PlantedBug?

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
  @inline(always) package func planted(_ bug: PlantedBug) -> Bool { false }
#endif

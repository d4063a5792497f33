import RolloutCore
import RolloutEngine

/// Shows a rollout to whoever started or follows it, in the way the mode and the stream ask for.
actor RolloutScreen: TurnObserver {
  init(
    mode: OutputMode, output: Int32, isTerminal: Bool, palette: Palette,
    now: @escaping @Sendable () -> Timestamp
  ) {}

  func turned(_ report: TurnReport) async {}

  /// Leaves the last frame, prints the final summary, gives the terminal back. Returns when all is written.
  func finish() async {}
}

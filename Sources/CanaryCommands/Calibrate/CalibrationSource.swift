internal import ImmuneSystem
internal import RolloutCore

/// Where calm data come from.
enum CalibrationSource: Hashable, Sendable {
  /// What past rollouts recorded.
  case journal
  /// What metrics servers keep.
  case history(ClosedRange<Timestamp>)
  case csv(String)

  /// Longest table read.
  private static let longestCSV = 256 << 20

  /// What there is for a policy, and what could not be used.
  func recordings(
    for document: PolicyDocument, in session: Session
  ) async throws(CommandFailure) -> (recordings: [Recording], notes: [String]) {
    let policy = document.policy
    switch self {
    case .journal:
      guard let store = try await session.existingStore() else { return ([], []) }
      let stored = try await StoredRecordings.read(of: policy, from: store, in: session)
      return (stored.recordings, stored.notes)
    case .history(let range): return try await HistoryRecordings.read(of: document, in: range, session: session)
    case .csv(let name):
      let bytes: [UInt8]
      let path = name == "-" ? name : session.context.absolute(name)
      do { bytes = try Files.read(path, limit: Self.longestCSV) } catch {
        throw .invalid("cannot read \(name): \(error.detail)")
      }
      guard bytes.count <= Self.longestCSV else { throw .invalid("\(name) is longer than 256 MiB") }
      do throws(RecordingCSV.Damage) {
        return (try RecordingCSV.parse(bytes, checks: policy.checks), [])
      } catch {
        throw .invalid("\(name):\(error.line): \(error.detail)")
      }
    }
  }

  /// Why nothing can be said, and how to get what is missing.
  func refusal(_ bench: CalibrationBench, _ document: PolicyDocument, notes: [String]) -> CommandFailure? {
    let report = CalibrationCourse(bench).report
    guard report.windows == 0 else { return nil }
    if report.tooFew > 0 {
      return .init(
        .refused,
        "\(document.shownPath): fewer than three instances ran one version at the same time in every recording; one "
          + "plays the canary, and two are the least that makes siblings", next: notes + others)
    }
    if report.tooShort > 0 {
      return .init(
        .refused, "\(document.shownPath): no recording is longer than two minutes of burn-in", next: notes + others)
    }
    return .init(.refused, "\(nothing(document.policy.service))", next: notes + others)
  }

  private func nothing(_ service: String) -> String {
    switch self {
    case .journal: "no rollout of \(service) has recorded anything here that its checks read"
    case .history(let range):
      "the metrics servers of \(service) give nothing of \(TimeWords.minute(range.lowerBound)) to "
        + TimeWords.minute(range.upperBound)
    case .csv(let name): "\(name) has no lines"
    }
  }

  private var others: [String] {
    let ways = [
      (self == .journal, "canary start SERVICE@VERSION  records while it measures"),
      (!isHistory, "canary calibrate --since 24h  asks the metrics servers that the policy reads"),
      (true, "canary calibrate --csv FILE  takes a table; docs/OPERATING.md has its columns"),
    ]
    return ways.filter(\.0).map(\.1)
  }

  private var isHistory: Bool { if case .history = self { true } else { false } }
}

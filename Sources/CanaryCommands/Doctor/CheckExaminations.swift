internal import ImmuneSystem
internal import Observers
internal import RolloutCore

/// What `canary doctor` asks the sources of the checks.
struct CheckExaminations {
  let policy: Policy
  let survey: Composition.Survey
  let directory: String?

  /// For sources that are sent to: several packets of a busy service have come by then.
  private static let patience = TimeSpan.seconds(2)

  /// One per check.
  /// - Parameter running: instances on which something runs; the others cannot give data, and that is no problem yet.
  func all(_ instances: [Instance], running: [HostID]) async -> [Examination] {
    guard !policy.checks.isEmpty else { return [] }
    switch await survey(policy.checks, instances, .one(patience: Self.patience), directory) {
    case .failure(let failure): return [Examination("checks", .bad, failure.cause, fix: failure.next.first)]
    case .success(let rows):
      return zip(policy.checks, rows).map { examination($0, $1, instances, running) }
    }
  }

  private func examination(
    _ check: CheckPolicy, _ row: CheckSurvey.Row, _ instances: [Instance], _ running: [HostID]
  ) -> Examination {
    if let refusal = row.refusal {
      return Examination("check", check.name, .bad, refusal, fix: "correct the check in the policy")
    }
    let asked = zip(instances, row.answers).filter { running.contains($0.0.id) }
    guard !asked.isEmpty else { return Examination("check", check.name, .skipped, "nothing runs on any instance yet") }
    let silent = asked.compactMap { instance, answer -> String? in
      guard case .none(let silence, let detail) = answer else { return nil }
      return "\(instance.id): \(Self.word(silence))\(detail)"
    }
    let answering = asked.count - silent.count
    let of = "\(answering) of \(asked.count) instance\(asked.count == 1 ? "" : "s")"
    guard !silent.isEmpty else {
      return Examination("check", check.name, .good, "data from \(of)\(level(check, asked.map(\.1)))")
    }
    let named = silent.prefix(Self.named).joined(separator: "; ")
    let more = silent.count > Self.named ? "; and \(silent.count - Self.named) more" : ""
    let effect =
      check.muted
      ? "it is muted, so that nothing waits for it"
      : "a rollout would judge without it, on_no_data: \(policy.onNoData.rawValue)"
    return Examination(
      "check", check.name, check.muted ? .doubtful : .bad, "data from \(of): \(named)\(more)",
      fix: "repair the source, or correct the check in the policy; \(effect)")
  }

  /// Instances without data that are named.
  private static let named = 3

  private static func word(_ silence: CheckSurvey.Silence) -> String {
    switch silence {
    case .noData: ""
    case .stale: "stale: "
    case .partial: "partial: "
    case .error: "error: "
    }
  }

  /// The range of a level, which one look shows.
  private func level(_ check: CheckPolicy, _ answers: [CheckSurvey.Answer]) -> String {
    let levels = answers.compactMap { if case .level(let value) = $0 { value } else { nil } }
    guard let low = levels.min(), let high = levels.max() else { return "" }
    let unit = CheckUnit(check)
    return low == high ? ", \(unit.text(low))" : ", \(unit.text(low)) to \(unit.text(high))"
  }
}

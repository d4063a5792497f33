import RolloutCore
import RolloutEngine

/// Past rollouts: who, what, when, how long, why it ended.
enum HistoryRenderer {
  /// In the order given; the store gives the newest first.
  static func text(_ summaries: [RolloutSummary], now: Timestamp, palette: Palette) -> String {
    var table = TextTable("ROLLOUT", "SERVICE", "RELEASE", "KIND", "STATE", "BY", "STARTED", "TOOK", "WHY")
    for summary in summaries {
      let took = TimeWords.length((summary.endedAt ?? now) - summary.startedAt) + (summary.isEnded ? "" : " so far")
      let proven = summary.provenAt == nil ? "" : " \(Signs.done) proven"
      table.add([
        (summary.id.text, .plain), (summary.service, .plain), (summary.release.text + proven, .plain),
        (summary.kind, .plain), SummaryWords.state(summary), (summary.startedBy, .plain),
        (TimeWords.minute(summary.startedAt), .plain), (took, .plain), (summary.detail, .plain),
      ])
    }
    return table.text(palette)
  }

  static func json(_ summaries: [RolloutSummary], now: Timestamp) -> String {
    JSONText.array(summaries.map { SummaryWords.json($0) }).document
  }
}

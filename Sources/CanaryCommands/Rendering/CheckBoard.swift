import RolloutCore
import RolloutEngine

/// The checks in the live picture: one line each.
struct CheckBoard {
  private let verdict: Verdict
  /// When the verdict was recorded; nil when that record is out of sight.
  private let at: Timestamp?
  private let views: [EvidenceView]
  private let names: ArmNames

  /// The newest verdict; nil where there is none, or where it is history: evidence that began anew, or a pass that the
  /// rollout has gone on with.
  init?(_ rollout: Rollout, recent: [RecordedEvent]) {
    guard let (verdict, at) = Self.latest(rollout, recent), !verdict.evidence.isEmpty,
      verdict.outcome != .pass || Self.isWatching(rollout)
    else { return nil }
    self.verdict = verdict
    self.at = at
    let names = ArmNames(rollout)
    self.names = names
    views = verdict.evidence.map { EvidenceView($0, rollout.plan.policy, names) }
  }

  private static func isWatching(_ rollout: Rollout) -> Bool {
    switch rollout.phase {
    case .burningIn, .soaking: true
    default: false
    }
  }

  private static func latest(_ rollout: Rollout, _ recent: [RecordedEvent]) -> (Verdict, Timestamp?)? {
    guard let verdict = rollout.verdict else { return nil }
    let recorded = recent.last { if case .verdictReached = $0.event { true } else { false } }
    return (verdict, recorded?.at)
  }

  /// Lines it takes with every check shown.
  var count: Int { views.count + 1 }

  /// At most `room` lines. Checks keep their order; where not all fit, those to look at first stay.
  func lines(room: Int, width: Int, now: Timestamp) -> [StyledLine] {
    guard room >= 2 else { return [] }
    let room = room - 1
    let fits = views.count <= room ? views.count : room - 1
    let order = views.indices.sorted { a, b in
      views[a].rank == views[b].rank ? a < b : views[a].rank < views[b].rank
    }
    let shown = order.prefix(fits).sorted()
    let layout = Layout(shown.map { views[$0] }, width: width)
    var lines = [head(now)] + shown.map { layout.line(views[$0]) }
    let hidden = order.dropFirst(fits)
    if !hidden.isEmpty { lines.append(StyledLine("    … \(Self.counts(hidden.map { views[$0] }))", .faint)) }
    return lines
  }

  private func head(_ now: Timestamp) -> StyledLine {
    var head = StyledLine("checks · \(verdict.outcome.rawValue)")
    if let at { head.add(" · \(TimeWords.ago(at, now: now))") }
    if views.contains(where: { $0.evidence.baseline != nil }) {
      head.add(" · \(names.updated) / \(names.others)", .faint)
    }
    return head
  }

  private static func counts(_ views: [EvidenceView]) -> String {
    let words = views.map { $0.isMuted ? "muted" : $0.evidence.outcome.rawValue }
    let order = Verdict.Outcome.allCases.map(\.rawValue) + ["muted"]
    return "\(views.count) more: "
      + order.compactMap { word in
        let count = words.count { $0 == word }
        return count > 0 ? "\(count) \(word)" : nil
      }.joined(separator: ", ")
  }

  /// Columns for a width: what a narrow terminal has no room for goes, the least telling first.
  private struct Layout {
    private let name: Int
    private let arms: Int
    private let ratio: Int
    private let barColumns: Int
    private let showsInterval: Bool
    private let showsPass: Bool
    private let showsFail: Bool
    private let isWide: Bool

    init(_ views: [EvidenceView], width: Int) {
      isWide = width >= 110
      showsFail = width >= 56
      showsPass = width >= 72
      showsInterval = width >= 96
      barColumns = isWide ? 8 : 6
      let interval = showsInterval
      let names = views.map { DisplayText.width(DisplayText.clean($0.evidence.check)) }
      name = min(isWide ? 28 : 16, names.max() ?? 0)
      let measured = views.filter { !$0.isBlind }
      arms = min(22, measured.map { DisplayText.width($0.arms) }.max() ?? 0)
      ratio = min(22, measured.map { DisplayText.width(Self.ratio($0, interval)) }.max() ?? 0)
    }

    private static func ratio(_ view: EvidenceView, _ interval: Bool) -> String {
      guard let ratio = view.ratio else { return "" }
      return interval ? view.interval.map { "\(ratio) \($0)" } ?? ratio : ratio
    }

    func line(_ view: EvidenceView) -> StyledLine {
      var line = StyledLine("  \(view.sign) ", view.style)
      line.add(DisplayText.fit(DisplayText.clean(view.evidence.check), columns: name), view.isMuted ? .faint : .plain)
      line.pad(to: 4 + name + 2)
      guard !view.isBlind else {
        line.add(view.evidence.outcome.rawValue, view.style)
        return line.adding(": \(view.detail)")
      }
      line.add(view.arms, view.evidence.outcome == .fail ? .bad : .plain)
      if arms > 0 { line.pad(to: 4 + name + 2 + arms) }
      guard view.regression != nil || view.cleared != nil else {
        return line.adding("  \(note(view) ?? view.remarks)", .faint)
      }
      line.add("  ")
      line.add(Self.ratio(view, showsInterval), .strong)
      if ratio > 0 { line.pad(to: 4 + name + 2 + arms + 2 + ratio) }
      return bars(view, line)
    }

    private func bars(_ view: EvidenceView, _ start: StyledLine) -> StyledLine {
      var line = start
      let note = note(view)
      if showsFail, showsPass || note == nil, let regression = view.regression {
        line.add("  fail ", .faint)
        line.add(Figures.bar(regression, of: 1, columns: barColumns), view.regressionStyle)
      }
      if let note { return line.adding("  \(note)", view.isMuted ? .faint : .careful) }
      if view.evidence.outcome == .fail { return isWide ? line.adding("  \(view.detail)") : line }
      if showsPass, let cleared = view.cleared {
        line.add("  pass ", .faint)
        line.add(Figures.bar(cleared, of: 1, columns: barColumns), view.clearedStyle)
      }
      guard view.evidence.outcome != .pass, let need = isWide ? view.need : view.briefNeed else { return line }
      return line.adding(" \(need)")
    }

    /// What matters more than how far a pass is.
    private func note(_ view: EvidenceView) -> String? {
      if view.evidence.siblingsDegraded { return isWide ? EvidenceView.degraded : "siblings too" }
      return view.isMuted ? "muted" : nil
    }
  }
}

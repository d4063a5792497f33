import RolloutCore

/// What a start would do, before it does it.
enum PlanRenderer {
  /// - Parameter power: what the checks can see; nil where that was not asked.
  static func text(plan: Plan, review: PlanReview, power: PlanPower? = nil, palette: Palette) -> String {
    var lines = head(plan, review)
    for (number, wave) in review.waves.enumerated() { lines += self.wave(wave, number + 1, plan, review) }
    lines += aside(plan) + (power.map { PowerRenderer.lines($0, now: plan.createdAt) } ?? []) + foot(plan, review)
    return lines.map { $0.text(palette) }.joined(separator: "\n") + "\n"
  }

  private static func head(_ plan: Plan, _ review: PlanReview) -> [StyledLine] {
    let kind = plan.kind == .rollback ? "rollback" : "release"
    var title = StyledLine(RolloutWords.title(plan), .strong)
    let digest = plan.release.digest.text.prefix(12)
    title.add(" · \(kind) · artifact \(digest.isEmpty ? "none" : digest)", .faint)
    guard !review.waves.isEmpty else {
      return [
        title, StyledLine("\(Signs.done) nothing to do: every host is on \(plan.release.version) already", .good),
      ]
    }
    let waves = review.waves.count == 1 ? "1 wave" : "\(review.waves.count) waves"
    return [
      title,
      StyledLine(
        "\(RolloutWords.hosts(review.updated)) in \(waves), \(range(review.duration)); "
          + "at most \(plan.maxUnavailable) down at once"),
    ]
  }

  private static func range(_ duration: PlanReview.DurationRange) -> String {
    duration.least == duration.most
      ? TimeWords.length(duration.least) : "\(TimeWords.length(duration.least)) to \(TimeWords.length(duration.most))"
  }

  private static func wave(_ wave: WaveReview, _ number: Int, _ plan: Plan, _ review: PlanReview) -> [StyledLine] {
    let canary = wave.kind == .canary ? " (canary)" : ""
    var head = StyledLine("wave \(number)/\(review.waves.count)\(canary)", .strong)
    head.add(
      " · \(RolloutWords.hosts(wave.moves.count)), \(wave.atOnce) at once · \(range(wave.duration))"
        + " · at worst \(wave.servingAtWorst) serving · \(wave.blastRadius) touched by its end")
    var lines = [StyledLine(), head, StyledLine("  \(wave.explanation)", .faint)]
    let names = wave.moves.map { DisplayText.width(DisplayText.clean($0.host.text)) }.max() ?? 0
    let moves = wave.moves.map { DisplayText.width(DisplayText.clean(RolloutWords.move($0.from, $0.to))) }.max() ?? 0
    for move in wave.moves {
      var line = StyledLine("  \(move.host)")
      line.pad(to: 2 + names + 2)
      line.add(RolloutWords.move(move.from, move.to))
      line.pad(to: 2 + names + 2 + moves + 2)
      let (words, style) = readiness(move.rollback, plan)
      line.add(words, style)
      if let zone = move.zone { line.add("  zone \(zone)", .faint) }
      lines.append(line)
    }
    return lines
  }

  private static func readiness(_ rollback: RollbackReadiness, _ plan: Plan) -> (String, Palette.Style) {
    switch rollback {
    case .ready(let version): ("\(Signs.back) can go back to \(version)", .good)
    case .nothingBefore: ("\(Signs.careful) nothing to go back to", .careful)
    case .missing(let reason): ("\(Signs.failed) no way back: \(reason)", .bad)
    }
  }

  private static func aside(_ plan: Plan) -> [StyledLine] {
    var lines: [StyledLine] = []
    let unchanged = plan.hosts.filter { $0.task == .none }.map(\.instance.id.text)
    if !unchanged.isEmpty, !plan.waves.isEmpty {
      lines.append(
        StyledLine("\(Signs.same) on \(plan.release.version) already: \(unchanged.joined(separator: ", "))", .faint))
    }
    for host in plan.hosts {
      if case .excluded(let reason) = host.task {
        lines.append(StyledLine("\(Signs.skipped) left out: \(host.instance.id): \(reason)", .careful))
      }
    }
    return lines.isEmpty ? [] : [StyledLine()] + lines
  }

  private static func foot(_ plan: Plan, _ review: PlanReview) -> [StyledLine] {
    var lines: [StyledLine] = []
    for warning in review.warnings {
      lines.append(
        StyledLine("\(Signs.careful) warning: \(warning.text)", .careful).adding(
          " (canary explain \(warning.code))", .faint))
    }
    guard !review.waves.isEmpty else { return lines.isEmpty ? [] : [StyledLine()] + lines }
    let counts = review.readiness
    var back = StyledLine("way back: ", .faint)
    back.add(
      "\(counts.ready) of \(RolloutWords.hosts(review.updated)) ready",
      counts.ready == review.updated ? .good : .careful)
    if counts.nothingBefore > 0 { back.add(", \(counts.nothingBefore) with nothing before", .careful) }
    if counts.missing > 0 { back.add(", \(counts.missing) without", .bad) }
    return [StyledLine()] + lines + [back]
  }

  // MARK: JSON

  static func json(plan: Plan, review: PlanReview, power: PlanPower? = nil) -> String {
    let members: [(String, JSONText)] = [
      ("v", JSONLines.version), ("service", .string(plan.policy.service)), ("kind", .string(plan.kind.rawValue)),
      ("release", .string(plan.release.version.text)), ("digest", .string(plan.release.digest.text)),
      ("policyDigest", .string(plan.policyDigest.text)), ("maxUnavailable", .count(plan.maxUnavailable)),
      ("changes", .bool(!plan.waves.isEmpty)), ("updated", .count(review.updated)),
      ("unchanged", .count(review.unchanged)), ("excluded", .count(review.excluded)),
      ("duration", range(review.duration)),
      (
        "rollback",
        .object([
          ("ready", .count(review.readiness.ready)), ("nothingBefore", .count(review.readiness.nothingBefore)),
          ("missing", .count(review.readiness.missing)),
        ])
      ),
      ("waves", .array(review.waves.map { wave($0) })),
      ("aside", .array(plan.hosts.filter { $0.task != .update }.map(aside))),
      (
        "warnings",
        .array(review.warnings.map { .object([("code", .string($0.code)), ("text", .string($0.text))]) })
      ),
    ]
    return JSONText.object(members + (power.map { [("power", PowerRenderer.json($0))] } ?? [])).document
  }

  private static func range(_ duration: PlanReview.DurationRange) -> JSONText {
    .object([("leastSeconds", .span(duration.least)), ("mostSeconds", .span(duration.most))])
  }

  private static func wave(_ wave: WaveReview) -> JSONText {
    .object([
      ("kind", .string(wave.kind.rawValue)), ("explanation", .string(wave.explanation)),
      ("atOnce", .count(wave.atOnce)), ("servingAtWorst", .count(wave.servingAtWorst)),
      ("blastRadius", .count(wave.blastRadius)), ("duration", range(wave.duration)),
      ("hosts", .array(wave.moves.map(move))),
    ])
  }

  private static func move(_ move: WaveReview.Move) -> JSONText {
    var members: [(String, JSONText)] = [
      ("host", .string(move.host.text)), ("zone", .text(move.zone)), ("from", .text(move.from?.text)),
      ("to", .string(move.to.text)),
    ]
    switch move.rollback {
    case .ready(let version): members += [("rollback", "ready"), ("rollbackTo", .string(version.text))]
    case .nothingBefore: members += [("rollback", "nothing_before")]
    case .missing(let reason): members += [("rollback", "missing"), ("rollbackDetail", .string(reason))]
    }
    return .object(members)
  }

  private static func aside(_ host: PlannedHost) -> JSONText {
    var members: [(String, JSONText)] = [("host", .string(host.instance.id.text)), ("runs", .text(host.from?.text))]
    if case .excluded(let reason) = host.task {
      members += [("task", "excluded"), ("reason", .string(reason))]
    } else {
      members += [("task", "none")]
    }
    return .object(members)
  }
}

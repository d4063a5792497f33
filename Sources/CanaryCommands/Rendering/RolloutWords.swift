import RolloutCore

/// Phrases about a rollout as a whole.
enum RolloutWords {
  /// `2.3.0 → 2.4.1`
  static func move(_ from: Version?, _ to: Version) -> String { "\(from?.text ?? "nothing") → \(to)" }

  private static let severalVersions = "several versions"

  /// What the updated hosts ran when the plan was made: one version, or the list of them.
  static func from(_ plan: Plan) -> String {
    var versions: [String] = []
    for host in plan.hosts where host.task == .update {
      let text = host.from?.text ?? "nothing"
      if !versions.contains(text) { versions.append(text) }
      if versions.count > 3 { return severalVersions }
    }
    return versions.isEmpty ? "\(plan.release.version)" : versions.joined(separator: ", ")
  }

  /// `checkout 2.3.0 → 2.4.1`
  static func title(_ plan: Plan) -> String { "\(plan.policy.service) \(from(plan)) → \(plan.release.version)" }

  /// `wave 1/3, canary`, for brackets.
  static func wave(_ index: Int, _ plan: Plan) -> String { wave(index, plan, ", canary") }

  /// `wave 1/3 (canary)`, for sentences.
  static func waveName(_ index: Int, _ plan: Plan) -> String { wave(index, plan, " (canary)") }

  private static func wave(_ index: Int, _ plan: Plan, _ canary: String) -> String {
    let isCanary = plan.waves.indices.contains(index) && plan.waves[index].kind == .canary
    return "wave \(index + 1)/\(plan.waves.count)" + (isCanary ? canary : "")
  }

  /// Why it ended or what stops it, where that says more than the state's name and where the hosts are.
  static func reason(_ rollout: Rollout) -> String? {
    switch rollout.phase {
    case .ended(.succeeded, _): return nil
    case .ended(let fate, let detail):
      let stuttered = "\(fate.rawValue) "
      return detail.hasPrefix(stuttered) ? String(detail.dropFirst(stuttered.count)) : detail
    case .halted(_, let halt): return halt.detail
    case .stuck(_, let detail): return detail
    default: return nil
    }
  }

  static func hosts(_ count: Int) -> String { count == 1 ? "1 host" : "\(count) hosts" }

  static func elapsed(_ rollout: Rollout, now: Timestamp) -> String {
    TimeWords.length((rollout.isEnded ? rollout.lastEventAt : now) - rollout.plan.createdAt)
  }

  /// Sign and style of the rollout's state.
  static func look(_ rollout: Rollout) -> (sign: String, style: Palette.Style) {
    if rollout.pause != nil { return (Signs.paused, .careful) }
    switch rollout.phase {
    case .queued: return (Signs.pending, .plain)
    case .updating: return (Signs.moving, .busy)
    case .burningIn: return (Signs.verifying, .busy)
    case .waitingApproval: return (Signs.unknown, .careful)
    case .soaking: return (Signs.verifying, .busy)
    case .halted: return (Signs.failed, .bad)
    case .rollingBack: return (Signs.back, .careful)
    case .stuck: return (Signs.failed, .bad)
    case .stopping: return (Signs.careful, .careful)
    case .ended(.succeeded, _): return (Signs.done, .good)
    case .ended(.rolledBack, _): return (Signs.back, .bad)
    case .ended: return (Signs.skipped, .careful)
    }
  }

  /// The deadline of the rollout as a whole: `no progress deadline in 4m10s`, or nil where time changes nothing.
  static func deadline(_ rollout: Rollout, now: Timestamp) -> String? {
    if rollout.pause != nil { return "clocks stand still" }
    switch rollout.phase {
    case .updating where rollout.isTakingBaseline:
      return rollout.nextDeadline.map { "baseline ends \(TimeWords.until($0, now: now))" }
    case .updating(_, let deadline): return "must progress \(TimeWords.until(deadline, now: now))"
    case .burningIn(_, let burnIn):
      if now < burnIn.earliest { return "can pass \(TimeWords.until(burnIn.earliest, now: now))" }
      return "limit \(TimeWords.until(burnIn.latest, now: now))"
    case .waitingApproval(_, let deadline): return "halts \(TimeWords.until(deadline, now: now))"
    case .soaking(let soak): return "soak ends \(TimeWords.until(soak.until, now: now))"
    case .rollingBack(_, let deadline): return "must be back \(TimeWords.until(deadline, now: now))"
    case .halted, .stuck: return "waits for a person"
    case .queued, .stopping, .ended: return nil
    }
  }

  /// Title and state, two lines.
  static func header(_ rollout: Rollout, now: Timestamp) -> [StyledLine] {
    let plan = rollout.plan
    var title = StyledLine(title(plan), .strong)
    let kind = plan.kind == .rollback ? " · rollback" : ""
    title.add("\(kind) · \(plan.rollout) · by \(plan.createdBy)", .faint)
    let (sign, style) = look(rollout)
    var state = StyledLine("\(sign) \(rollout.stateName)", style)
    state.add(" · \(elapsed(rollout, now: now))")
    if let deadline = deadline(rollout, now: now) { state.add(" · \(deadline)") }
    return [title, state]
  }

  /// Where the hosts are now, by what they run: `3 on 2.4.1`, `web2 unknown`.
  static func whereabouts(_ rollout: Rollout) -> [String] {
    var onRelease = 0
    var onBefore = 0
    var unsure: [String] = []
    var aside = 0
    for index in rollout.hosts.indices {
      let host = rollout.hosts[index]
      switch host.position {
      case .outside:
        if rollout.plan.hosts[index].task == .none { onRelease += 1 } else { aside += 1 }
      case .healthy: onRelease += 1
      case .reverted: onBefore += 1
      default:
        if host.isTouched { unsure.append("\(rollout.name(index)) (\(host.stateName))") } else { onBefore += 1 }
      }
    }
    var parts: [String] = []
    if onRelease > 0 { parts.append("\(onRelease) on \(rollout.plan.release.version)") }
    if onBefore > 0 {
      let before = from(rollout.plan)
      let isOne = !before.contains(",") && before != severalVersions
      parts.append(isOne ? "\(onBefore) on \(before)" : "\(onBefore) on what ran before (\(before))")
    }
    if aside > 0 { parts.append("\(aside) left out") }
    if !unsure.isEmpty {
      let shown = unsure.prefix(5).joined(separator: ", ") + (unsure.count > 5 ? ", \(unsure.count - 5) more" : "")
      parts.append("not sure: \(shown)")
    }
    return parts
  }
}

internal import RolloutCore

extension PolicyLint {
  mutating func checkChecks() {
    reportMissingSources()
    checkEach()
  }

  /// What holds of checks wherever their numbers come from.
  mutating func checkEach() {
    checkNames()
    for check in checks {
      checkMargin(check)
      checkDirection(check)
      checkShareLimit(check)
      guard let source = CheckSource(check) else { continue }
      checkMetrics(check, source)
    }
  }

  private mutating func checkNames() {
    var places: [String: Place] = [:]
    for check in checks {
      guard let name = check["name"]?.text, let place = check.place("name") else { continue }
      guard let first = places[name] else {
        places[name] = place
        continue
      }
      let other =
        first.file == place.file
        ? "line \(first.span.line)" : "\(sinks[first.file].source.path):\(first.span.line):\(first.span.column)"
      sinks[place.file].error(
        .duplicateName, place.span, "a second check called `\(name)`, the first is in \(other)",
        help: "give each check a `name` of its own")
    }
  }

  /// Between tolerance and margin either verdict is acceptable. One number for both would make a healthy release wait
  /// for ever.
  private mutating func checkMargin(_ check: ResolvedCheck) {
    guard let margin = check["pass_margin"]?.percentage, let place = check.place("pass_margin") else { return }
    let standard = CheckPolicy(name: "", source: .scrape(""), measure: .gauge("")).tolerance * 100
    guard let tolerance = check.has("tolerance") ? check["tolerance"]?.percentage : standard, margin <= tolerance
    else { return }
    let remedy = NumberText.short(max(2 * tolerance, tolerance + 10))
    sinks[place.file].error(
      .passMargin, place.span,
      "`pass_margin` (\(NumberText.short(margin))%) is not above `tolerance` (\(NumberText.short(tolerance))%)",
      help: "write `pass_margin: \(remedy)%`, or leave it out")
  }

  private mutating func checkDirection(_ check: ResolvedCheck) {
    guard let place = check.place("direction") else { return }
    for key in ["bad", "good", "histogram", "share"] where check.has(key) {
      let reason =
        key == "share"
        ? "a share is worse when it is too small and when it is too large"
        : "`\(key)` says which way is worse"
      return sinks[place.file].error(
        .conflictingKeys, place.span, "`direction` next to `\(key)`", help: "delete it: \(reason)")
    }
  }

  private mutating func checkShareLimit(_ check: ResolvedCheck) {
    guard check.has("share"), let place = check.place("limit") else { return }
    sinks[place.file].error(
      .conflictingKeys, place.span, "`limit` next to `share`",
      help: "delete it: a share is compared with the siblings' only; an absolute bound is a `rate` with a `limit`")
  }

  // MARK: - Sources and metrics

  /// What is missing of an included file is missing in the policy, which is where it can be added.
  private mutating func reportMissingSources() {
    let keys = PolicySchema.sourceKeys.map { "`\($0)`" }.joinedWithOr
    var reported: Set<Span> = []
    for check in checks where check.isWhole && check.source == nil {
      guard let span = check.inclusion else {
        sink.error(
          .noSource, check.place.span, "a check without a source of its numbers",
          help: "add one of \(keys) here, or `metrics` to the policy for all checks")
        continue
      }
      guard reported.insert(span).inserted else { continue }
      sink.error(
        .noSource, span, "included checks without a source of their numbers, such as `\(check["name"]?.text ?? "")`",
        help: "add `metrics` to the policy, with one of \(keys)")
    }
  }

  private mutating func checkMetrics(_ check: ResolvedCheck, _ source: CheckSource) {
    if source == .graphite, let place = check.place("histogram") {
      sinks[place.file].error(
        .measureOfSource, place.span, "a histogram out of Graphite, which keeps none",
        help: "compare a percentile that it keeps: `gauge: stats.timers.{id}.requests.upper_99`")
      return
    }
    for (key, value) in check.metrics {
      guard let text = value.text, let place = check.place(key) else { continue }
      if let problem = source.metricRule.problem(in: text) {
        sinks[place.file].error(problem.code, place.span, problem.text, help: problem.help)
      } else if key == "histogram", source.metricRule.isSelector, Self.metricName(text).hasSuffix("_bucket") {
        sinks[place.file].error(
          .seriesSelector, place.span, "`\(Self.metricName(text).prefix(80))` is a part of a histogram",
          help: "write the histogram's own name: `\(Self.metricName(text).dropLast(7).prefix(80))`")
      }
    }
  }

  private static func metricName(_ selector: String) -> Substring { selector.prefix { $0 != "{" } }

  /// Numbers that are the same for several instances compare nothing.
  mutating func checkInstanceNames(_ instances: [Instance]) {
    var seen: Set<Place> = []
    var known: [[String]: SharedName] = [:]
    for check in checks {
      guard let source = CheckSource(check) else { continue }
      for use in source.identities(of: check) where seen.insert(use.place).inserted {
        // What instances put into a text decides whether it differs, whatever else stands in it.
        let names = Set(Template.namesAmongOthers(in: use.text)).sorted()
        guard !names.contains("id"), known[names] != nil || known.count < Self.comparedNames else { continue }
        let shared = known[names] ?? Self.sharing(names, instances)
        known[names] = shared
        guard case .by(let first, let second) = shared else { continue }
        let other = source == .statsd ? ", or give the listener a `tag`" : ""
        sinks[use.place.file].error(
          .sameForAll, use.place.span, "`\(use.text.prefix(80))` is the same for \(first) and \(second)",
          help: "write `{id}`, `{host}` or a label where the instance's own name stands\(other)")
      }
    }
  }

  /// Combinations of names that are looked at; bounds the time that a policy of thousands of them takes.
  private static let comparedNames = 64

  private enum SharedName {
    case by(HostID, HostID)
    case none
  }

  /// Instances that have the same values of all `names`; none where one is not known, which is reported as such.
  private static func sharing(_ names: [String], _ instances: [Instance]) -> SharedName {
    var owners: [[String]: HostID] = [:]
    var found = SharedName.none
    for instance in instances {
      let values = names.map { instance.expanding("{\($0)}") }
      if zip(names, values).contains(where: { "{\($0)}" == $1 }) { return .none }
      let other = owners.updateValue(instance.id, forKey: values)
      if let other, case .none = found { found = .by(other, instance.id) }
    }
    return found
  }

  // MARK: - Verdicts

  /// Without siblings a check has its limit only.
  mutating func checkLimits() {
    for check in checks where check.isWhole && !check.has("limit") && check["muted"]?.boolean != true {
      guard let place = check.place("name") else { continue }
      sinks[place.file].warning(
        .nothingToCompare, place.span,
        "`\(check["name"]?.text ?? "")` has no `limit`, and there is no sibling to compare the canary with",
        help: "add `limit`, or mute the check")
    }
  }

  /// Rates, shares and gauges can only fail; what passes is a comparison of counts or a limit that holds.
  mutating func checkPass() {
    let acting = checks.filter { $0["muted"]?.boolean != true }
    guard checksAreWhole, !hasErrors, !acting.isEmpty, acting.allSatisfy(\.isWhole),
      let span = root.keySpan("checks"),
      root["on_inconclusive"]?.text != InconclusiveAction.promote.rawValue
    else { return }
    let earning = ["bad", "good", "histogram", "limit"]
    guard !acting.contains(where: { check in earning.contains { check.has($0) } }) else { return }
    sink.warning(
      .neverPasses, span, "no check that a release could earn a pass by: these can only fail",
      help: "add a check with `bad` and `total` or with `histogram`, or a `limit` to a `gauge` or `rate`")
  }

  /// Where no sibling is left, instances are compared with the recording of before the push, each part of it once.
  mutating func checkBaseline() {
    let baseline = root["baseline"]?.duration ?? standard.baseline
    let isAlone = root.whole("instances")?.list?.count == 1
    let burnIn = PolicyBuilder.burnIn(root["burn_in"]?.object, default: standard.burnIn)
    let before = isAlone ? burnIn.max : root["wave_burn_in"]?.duration ?? standard.waveBurnIn
    let watched = before + (root["soak"]?.duration ?? standard.soak)
    let span = (root["baseline"] ?? root["soak"] ?? root[isAlone ? "burn_in" : "wave_burn_in"])?.span
    // Who writes 0s wants no recording.
    guard !checks.isEmpty, baseline > .zero, baseline < watched, let span else { return }
    let name = isAlone ? "the burn-in's `max`" : "`wave_burn_in`"
    sink.warning(
      .shortBaseline, span,
      "`baseline` (\(baseline)) is shorter than \(name) and `soak` (\(watched)): the rest is compared with nothing",
      help: "write `baseline: \(watched)`, or make `soak` shorter")
  }

  mutating func checkBurnIn() {
    let burnIn = root["burn_in"]?.object
    let bounds = PolicyBuilder.burnIn(burnIn, default: standard.burnIn)
    if let high = burnIn?["max"], burnIn?["min"] != nil, bounds.min > bounds.max {
      sink.error(
        .burnInBounds, high.span, "`max` (\(bounds.max)) is shorter than `min` (\(bounds.min))",
        help: "write at least `\(bounds.min)`")
    } else if !checks.isEmpty {
      checkWarmUp(bounds, burnIn)
    }
    guard let requests = burnIn?["until"]?.object?["requests"], checksAreWhole else { return }
    guard !checks.contains(where: { $0.has("total") }) else { return }
    sink.error(
      .requestsWithoutTotal, requests.span, "no check counts requests",
      help: "add a check with `bad` and `total`, or delete `until`")
  }

  private mutating func checkWarmUp(_ bounds: BurnInPolicy, _ burnIn: DecodedObject?) {
    let warmUp = root["warm_up"]?.duration ?? standard.warmUp
    let least = burnIn?["min"] == nil ? .zero : bounds.min
    let span = (burnIn?["max"] ?? root["warm_up"] ?? burnIn?["min"])?.span
    guard bounds.max < warmUp + least, let span else { return }
    sink.warning(
      .shortBurnIn, span, "the burn-in's `max` (\(bounds.max)) is over before `warm_up` and `min` (\(warmUp + least))",
      help: "make `max` longer, or `warm_up` shorter")
  }
}

extension TextRule {
  fileprivate var isSelector: Bool { self == .selector }
}

internal import RolloutCore

/// A calibration in rounds: each gives burn-ins to play, in any order and at the same time, and takes how they ended.
public struct CalibrationCourse: Sendable {
  public let bench: CalibrationBench
  private var round = Round.together
  private var jobs: [TrialJob] = []
  private var together: [TrialOutcome] = []
  private var adjusted: CalibrationReport.Share?
  private var searches: [ToleranceSearch] = []
  private var catches: [TrialJobGroup: [TrialOutcome]] = [:]

  public enum Round: Int, Hashable, Sendable, CaseIterable {
    /// All checks on calm data.
    case together
    /// Each check by itself where something halted.
    case alone
    case tolerances
    /// With regressions put in, at the present tolerances and at those found.
    case regressions
    case adjusted
    case done
  }

  private struct TrialJobGroup: Hashable {
    var check: Int
    var regression: Regression
    var tolerance: Double
  }

  /// Part of the burn-ins that each regression is put into, and at least so many of them.
  private static let injectedPart = 6
  private static let injectedLeast = 20

  public init(_ bench: CalibrationBench) { self.bench = bench }

  private var policy: Policy { bench.policy }
  public var currentRound: Round { round }

  /// The burn-ins to play now; empty when the calibration is done.
  public mutating func next() -> [TrialJob] {
    while round != .done {
      jobs = planned()
      if !jobs.isEmpty { return jobs }
      advance()
    }
    return []
  }

  /// Takes how the burn-ins of the last `next` ended, in their order.
  public mutating func take(_ outcomes: [TrialOutcome]) {
    guard outcomes.count == jobs.count else { return }
    switch round {
    case .together: together = outcomes
    case .alone:
      for index in searches.indices { searches[index].begin(halted: halted(searches[index].check, outcomes)) }
    case .tolerances:
      for index in searches.indices where searches[index].next != nil {
        searches[index].take(halted: halted(searches[index].check, outcomes))
      }
      // Until every search has ended.
      return
    case .regressions:
      for (job, outcome) in zip(jobs, outcomes) {
        guard let group = group(of: job) else { continue }
        catches[group, default: []].append(outcome)
      }
    case .adjusted:
      adjusted = CalibrationReport.Share(
        hits: outcomes.count { $0.halt != nil }, of: bench.trials.count)
    case .done: return
    }
    advance()
  }

  private mutating func advance() {
    if round == .together { searches = policy.checks.indices.map(search) }
    if round == .alone, jobs.isEmpty {
      for index in searches.indices { searches[index].begin(halted: []) }
    }
    round = Round(rawValue: round.rawValue + 1) ?? .done
    jobs = []
  }

  private func search(_ check: Int) -> ToleranceSearch {
    let trials = bench.trials.indices.filter { bench.cut.windows[bench.trials[$0].window].measured.contains(check) }
    return ToleranceSearch(check: check, policy.checks[check], trials: trials, falseAlarm: policy.falseAlarm)
  }

  private func halted(_ check: Int, _ outcomes: [TrialOutcome]) -> Set<Int> {
    var found: Set<Int> = []
    for (job, outcome) in zip(jobs, outcomes) where job.check == check && outcome.halt != nil {
      found.insert(job.trial)
    }
    return found
  }

  // MARK: Rounds

  private func planned() -> [TrialJob] {
    switch round {
    case .together: bench.trials.indices.map { TrialJob(trial: $0) }
    case .alone: searches.flatMap(alone)
    case .tolerances:
      searches.flatMap { search -> [TrialJob] in
        guard let (tolerance, trials) = search.next else { return [] }
        return trials.map { TrialJob(trial: $0, check: search.check, tolerances: [search.check: tolerance]) }
      }
    case .regressions: searches.flatMap { search in tolerances(search).flatMap { injected(search, at: $0) } }
    case .adjusted: adjustedJobs
    case .done: []
    }
  }

  /// A check can only halt by itself where all together did, unless it is muted.
  private func alone(_ search: ToleranceSearch) -> [TrialJob] {
    let isMuted = policy.checks[search.check].muted
    return search.trials.filter { isMuted || together[$0].halt != nil }
      .map { TrialJob(trial: $0, check: search.check) }
  }

  private func tolerances(_ search: ToleranceSearch) -> [Double] {
    guard let found = search.found?.tolerance, found != search.present else { return [search.present] }
    return [search.present, found]
  }

  private func injected(_ search: ToleranceSearch, at tolerance: Double) -> [TrialJob] {
    let isPresent = tolerance == search.present
    let halted = isPresent ? search.halted : search.found?.halted ?? []
    let calm = search.trials.filter { !halted.contains($0) }
    let count = min(calm.count, max(Self.injectedLeast, bench.trials.count / Self.injectedPart))
    let chosen = (0..<count).map { calm[$0 * calm.count / max(1, count)] }
    return Regression.tried(on: policy.checks[search.check]).flatMap { regression in
      chosen.map { trial in
        TrialJob(
          trial: trial, check: search.check, tolerances: [search.check: tolerance], regression: regression,
          keepsLimits: true)
      }
    }
  }

  private func group(of job: TrialJob) -> TrialJobGroup? {
    guard let check = job.check, let regression = job.regression, let tolerance = job.tolerances[check] else {
      return nil
    }
    return TrialJobGroup(check: check, regression: regression, tolerance: tolerance)
  }

  /// All checks again where they halted, with the tolerances found in place of those too tight.
  private var adjustedJobs: [TrialJob] {
    var tolerances: [Int: Double] = [:]
    for search in searches where search.isTight { tolerances[search.check] = search.found?.tolerance }
    guard !tolerances.isEmpty else { return [] }
    return together.indices.filter { together[$0].halt != nil }
      .map { TrialJob(trial: $0, tolerances: tolerances) }
  }

  // MARK: Report

  /// What the rounds played so far say; whole when `next` gives no more.
  public var report: CalibrationReport {
    let windows = bench.cut.windows
    let passes = together.filter { $0.halt == nil }.compactMap(\.pass)
    return CalibrationReport(
      recordings: bench.recordings.count, instances: Set(bench.recordings.flatMap(\.instances)).count,
      length: bench.recordings.reduce(.zero) { $0 + $1.length }, windows: windows.count,
      shortWindows: bench.cut.short, baseline: windows.map(\.baseline).max() ?? .zero,
      burnIn: windows.map(\.burnIn).max() ?? .zero, tooShort: bench.cut.tooShort, tooFew: bench.cut.tooFew,
      possible: bench.possible, falseAlarm: policy.falseAlarm,
      halted: .init(hits: together.count { $0.halt != nil }, of: together.count),
      passed: .init(hits: passes.count, of: together.count), passAfter: Self.median(passes), adjusted: adjusted,
      checks: searches.map(report))
  }

  private func report(_ search: ToleranceSearch) -> CheckCalibration {
    let halted = CalibrationReport.Share(hits: search.halted.count, of: search.trials.count)
    return CheckCalibration(
      check: search.check, tolerance: search.present, halted: halted,
      limitBreaches: together.count { $0.isLimit && $0.blamed == search.check }, culprits: culprits(search),
      catches: catches(search.check, at: search.present), advice: advice(search))
  }

  private func culprits(_ search: ToleranceSearch) -> [CheckCalibration.Culprit] {
    var counts: [String: Int] = [:]
    for trial in search.halted { counts[bench.name(of: bench.trials[trial]), default: 0] += 1 }
    return counts.map { CheckCalibration.Culprit(instance: $0.key, count: $0.value) }
      .sorted { ($1.count, $0.instance) < ($0.count, $1.instance) }
  }

  private func catches(_ check: Int, at tolerance: Double) -> [CheckCalibration.Catch] {
    Regression.tried(on: policy.checks[check]).compactMap { regression in
      let group = TrialJobGroup(check: check, regression: regression, tolerance: tolerance)
      guard let outcomes = catches[group], !outcomes.isEmpty else { return nil }
      let times = outcomes.compactMap(\.halt)
      return CheckCalibration.Catch(
        regression: regression, caught: .init(hits: times.count, of: outcomes.count), after: Self.median(times))
    }
  }

  /// How much more must be caught for a smaller tolerance to be worth a change.
  private static let worthwhile = 0.1

  private func advice(_ search: ToleranceSearch) -> CheckCalibration.Advice {
    guard !search.trials.isEmpty else { return .noData }
    let suggestion = search.found.map { found in
      CheckCalibration.Suggestion(
        tolerance: found.tolerance, halted: .init(hits: found.halted.count, of: search.trials.count),
        catches: catches(search.check, at: found.tolerance))
    }
    if search.isTight { return .tooTight(suggestion) }
    guard let suggestion, suggestion.tolerance < search.present else { return .keep }
    let present = catches(search.check, at: search.present)
    let gains = zip(suggestion.catches, present).contains { $0.caught.part - $1.caught.part >= Self.worthwhile }
    return gains ? .tooLoose(suggestion) : .keep
  }

  private static func median(_ seconds: [Double]) -> TimeSpan? {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    return TimeSpan(milliseconds: Int64((middle * 1000).rounded()))
  }
}

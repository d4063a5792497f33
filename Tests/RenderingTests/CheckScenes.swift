import RolloutCore

@testable import CanaryCommands

/// Burn-ins stopped where the checks have something to say.
enum CheckScenes {
  static let plan = Plans.plan(hosts: 3, waves: [1, 2]) { policy in
    let metrics = MetricSource.scrape("http://{host}:8080/metrics")
    var latency = CheckPolicy(
      name: "latency", source: metrics,
      measure: .histogram(name: "http_request_duration_seconds", quantiles: [0.5, 0.99]))
    latency.owner = "team-search"
    var orders = CheckPolicy(name: "orders", source: metrics, measure: .rate("orders_total"))
    orders.worseWhen = .down
    orders.muted = true
    var heap = CheckPolicy(name: "heap", source: metrics, measure: .gauge("process_resident_memory_bytes"))
    heap.limit = 9e8
    policy.checks[0].isCritical = true
    policy.checks += [latency, heap, orders]
  }

  static func burningIn(_ verdict: Verdict, after: TimeSpan = .minutes(2)) throws -> World {
    var world = World(plan)
    try world.takeOver()
    try world.doWell()
    try world.pass(after)
    try world.judge(verdict)
    return world
  }

  // MARK: Verdicts

  static var errors: Evidence {
    var errors = Evidence(
      check: "server-errors", outcome: .inconclusive, canary: 0.0072, baseline: 0.0039, canarySamples: 412,
      baselineSamples: 2610, logEvidence: 2.12, logThreshold: 5.3,
      detail: "0.72 % (3 of 412) against 0.39 % (10 of 2,610) at the siblings; 412 of about 1,018 requests, about 9 "
        + "min; web3 without data")
    (errors.ratio, errors.ratioLow, errors.ratioHigh) = (1.84, 0.61, 5.3)
    (errors.passEvidence, errors.passThreshold) = (1.24, 2.996)
    errors.need = Evidence.Need(have: 412, about: 1018, unit: "requests", time: .seconds(536))
    return errors
  }

  static var latency: Evidence {
    var latency = Evidence(
      check: "latency", outcome: .pass, canary: 0.243, baseline: 0.239, canarySamples: 409, baselineSamples: 2598,
      logEvidence: -0.4, logThreshold: 5.3, detail: "p99 within the tolerated 10 %")
    (latency.ratio, latency.ratioLow, latency.ratioHigh) = (1.02, 0.96, 1.08)
    (latency.passEvidence, latency.passThreshold) = (3.4, 2.996)
    return latency
  }

  static var heap: Evidence {
    Evidence(
      check: "heap", outcome: .pass, canary: 412_500_000, baseline: 398_000_000, canarySamples: 24,
      baselineSamples: 48, detail: "under the limit of 900 MB")
  }

  static var orders: Evidence {
    var orders = Evidence(
      check: "orders", outcome: .inconclusive, canary: 3.1, baseline: 3.4, canarySamples: 120, baselineSamples: 240,
      logEvidence: 1.1, logThreshold: 4.6, detail: "muted: warming up, judged in 30s")
    (orders.ratio, orders.ratioLow, orders.ratioHigh) = (0.91, 0.6, 1.3)
    (orders.passEvidence, orders.passThreshold) = (0.2, 2.996)
    return orders
  }

  static func needing() throws -> World {
    try burningIn(
      Verdict(
        outcome: .inconclusive, reason: "server-errors: 412 of about 1,000 requests",
        evidence: [errors, latency, heap, orders]))
  }

  /// Both arms got worse, so that a limit fell and nothing speaks against the canary.
  static func degraded() throws -> World {
    var worse = errors
    (worse.canary, worse.baseline, worse.logEvidence) = (0.061, 0.058, 0.4)
    (worse.ratio, worse.ratioLow, worse.ratioHigh) = (1.05, 0.9, 1.23)
    worse.siblingsDegraded = true
    worse.detail = "6.1 % over the limit of 5 %"
    return try burningIn(
      Verdict(
        outcome: .inconclusive, reason: "server-errors: the siblings degraded too",
        evidence: [worse, latency, heap, orders]))
  }

  /// The mean is unchanged and the probes are green; the distribution has moved.
  static func slow() throws -> World {
    var slow = latency
    (slow.outcome, slow.canary, slow.baseline, slow.logEvidence) = (.fail, 0.512, 0.241, 5.61)
    (slow.ratio, slow.ratioLow, slow.ratioHigh) = (2.12, 1.73, 2.61)
    (slow.passEvidence, slow.passThreshold) = (-4, 2.996)
    slow.detail = "the body of the distribution is slower than the tolerated 10 %; tempered to 0.6"
    return try burningIn(
      Verdict(
        outcome: .fail, reason: "latency: 512 ms against 241 ms, ×2.1 (1.7–2.6)",
        evidence: [errors, slow, heap, orders]), after: .seconds(70))
  }

  static func silent() throws -> World {
    let gone = "no data for 4 intervals: http://web1:8080/metrics: connection refused"
    var stale = heap
    (stale.outcome, stale.detail) = (.error, "the newest sample is 7m old, stale after 5m")
    return try burningIn(
      Verdict(
        outcome: .noData, reason: "server-errors: \(gone)",
        evidence: [
          Evidence(check: "server-errors", outcome: .noData, detail: gone),
          Evidence(check: "latency", outcome: .noData, detail: gone), stale, orders,
        ]))
  }

  /// So little traffic that a pass is out of reach.
  static func quiet() throws -> World {
    var few = errors
    (few.canary, few.canarySamples, few.baselineSamples, few.logEvidence) = (0, 14, 31, -0.1)
    (few.ratio, few.ratioLow, few.ratioHigh) = (0, 0, 90)
    (few.passEvidence, few.need) = (0.02, nil)
    var waiting = latency
    waiting.outcome = .inconclusive
    waiting.passEvidence = 0.1
    waiting.need = Evidence.Need(have: 12, about: 640, unit: "requests", time: nil)
    return try burningIn(
      Verdict(outcome: .inconclusive, reason: "server-errors: too little traffic", evidence: [few, waiting]))
  }

  /// Every wave has passed; one check has got worse than it was before the push.
  static func soaking() throws -> World {
    var plan = plan
    plan.policy.soak = .minutes(5)
    var world = World(plan)
    try world.takeOver()
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.minutes(10))
    try world.doWell()
    try world.judge(.passing)
    try world.pass(.seconds(30))
    try world.pass(.minutes(1))
    var worse = errors
    (worse.passEvidence, worse.passThreshold, worse.need) = (nil, nil, nil)
    worse.logEvidence = 3.3
    var steady = latency
    (steady.outcome, steady.passEvidence, steady.passThreshold) = (.inconclusive, nil, nil)
    try world.judge(
      Verdict(
        outcome: .inconclusive, reason: "server-errors: 0.72 % against 0.39 % before the push",
        evidence: [worse, steady, heap, orders]))
    return world
  }

  static let all: [(name: String, make: @Sendable () throws -> World)] = [
    ("needing", needing), ("degraded", degraded), ("slow", slow), ("silent", silent), ("quiet", quiet),
    ("soaking", soaking),
  ]
}

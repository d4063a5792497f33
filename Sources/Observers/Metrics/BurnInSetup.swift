internal import RolloutCore
internal import RolloutEngine

/// A request with every address and selector checked: what is scraped, and what reads it.
struct BurnInSetup {
  var analysis: BurnInAnalysis
  var groups: [ScrapeGroup] = []
  /// By check, then by instance, updated ones first. Empty for a check that cannot be measured.
  var readers: [[CheckReader]] = []

  init(_ request: BurnInRequest) {
    let instances = request.updated + request.siblings
    let scope = AnalysisScope(
      hasSiblings: !request.siblings.isEmpty, requests: request.untilRequests, horizon: request.horizon)
    var checks: [BurnInAnalysis.Check] = []
    var drafts: [Draft] = []
    for (index, policy) in request.checks.enumerated() {
      switch Self.prepare(policy, instances) {
      case .failure(let problem):
        checks.append(.broken(policy, detail: problem.detail))
        readers.append([])
      case .success(let (source, addresses)):
        checks.append(.measured(CheckAnalysis(policy, source: source, request: scope)))
        readers.append(instances.map { _ in CheckReader(source) })
        Self.add(Draft(policy, index, source, addresses), to: &drafts)
      }
    }
    analysis = BurnInAnalysis(checks: checks, falseAlarm: request.falseAlarm, scope: scope)
    groups = drafts.map(\.group)
  }

  private struct Draft {
    let template: String
    let interval: TimeSpan
    var checks: [Int]
    var names: [String]
    let addresses: [InstanceAddress]

    init(_ policy: CheckPolicy, _ index: Int, _ source: CheckSource, _ addresses: [InstanceAddress]) {
      template = policy.address
      interval = policy.interval
      checks = [index]
      names = source.metricNames
      self.addresses = addresses
    }

    var group: ScrapeGroup {
      ScrapeGroup(interval: interval, checks: checks, metricNames: names, addresses: addresses)
    }
  }

  private static func add(_ draft: Draft, to drafts: inout [Draft]) {
    let same = drafts.firstIndex { $0.template == draft.template && $0.interval == draft.interval }
    guard let same else { return drafts.append(draft) }
    drafts[same].checks += draft.checks
    drafts[same].names += draft.names.filter { !drafts[same].names.contains($0) }
  }

  private static func prepare(
    _ policy: CheckPolicy, _ instances: [Instance]
  ) -> Result<(CheckSource, [InstanceAddress]), ReadingProblem> {
    let source: CheckSource
    do { source = try CheckSource(policy.measure) } catch {
      return .failure(ReadingProblem(isError: true, detail: "selector, \(error)"))
    }
    var addresses: [InstanceAddress] = []
    for instance in instances {
      do { addresses.append(try InstanceAddress(expanding: policy.address, for: instance)) } catch {
        return .failure(ReadingProblem(isError: true, detail: "\(error)"))
      }
    }
    return .success((source, addresses))
  }
}

extension CheckPolicy {
  var address: String { if case .scrape(let address) = source { address } else { "" } }
}

/// One comparison of two fixed arms.
struct BurnInRequest {
  var updated: [Instance]
  var siblings: [Instance]
  var request: AnalysisRequest
  var checks: [CheckPolicy] { request.checks }
  var falseAlarm: Double { request.falseAlarm }
  var horizon: TimeSpan { request.horizon }
  var untilRequests: Int? { request.untilRequests }
  var reportInterval: TimeSpan { request.reportInterval }

  init(_ request: AnalysisRequest, _ analysis: Analysis) {
    self.request = request
    updated = analysis.updated.map { request.instances[$0] }
    siblings = analysis.siblings.map { request.instances[$0] }
  }
}

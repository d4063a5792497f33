internal import RolloutCore

/// Reads checks from StatsD lines that the services send to a UDP address of ours.
///
/// StatsD sends nothing when nothing happens, so silence has two meanings. An instance that has not sent any metric of
/// a check yet is no data. Once it has, a counter without lines counts zero, as long as the instance is heard at all,
/// by any line that names it; after `silenceLimit` looks without one it is no data until it is heard again.
actor StatsDReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let address: Result<ListenAddress, ListenAddress.Refusal>
  private let policies: [StatsDCheck]
  private let names: [[String]]
  nonisolated let tally: StatsDTally
  private let listeners: StatsDListeners
  private(set) var listener: StatsDListener?
  private var memory: StatsDMemory
  private var drops = 0
  private var isClosed = false

  static let silenceLimit = 3
  /// Lost datagrams up to this share of all cannot move a comparison beyond what any check tolerates.
  static let toleratedLoss = 0.01

  init(_ group: ReaderGroup, source: StatsDSource, listeners: StatsDListeners) {
    checks = group.indices
    interval = group.interval
    self.listeners = listeners
    address = Result { () throws(ListenAddress.Refusal) in try ListenAddress(source.listen) }
    var routes = StatsDRoutes(group.instances)
    policies = group.checks.map { StatsDCheck($0.measure, tag: source.tag, &routes) }
    names = group.checks.map(\.measure.selectors)
    tally = StatsDTally(routes)
    memory = StatsDMemory(instances: group.instances, metrics: routes.metrics)
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of check: CheckPolicy, source: StatsDSource, on instances: [Instance]) -> String? {
    do throws(ListenAddress.Refusal) { _ = try ListenAddress(source.listen) } catch { return error.description }
    var routes = StatsDRoutes(instances)
    guard case .broken(let detail) = StatsDCheck(check.measure, tag: source.tag, &routes) else { return nil }
    return detail
  }

  /// Binds the address where that is not done yet, and tries again with each look where it could not be done.
  func read(at now: Timestamp) async -> [[Observation]] {
    guard let listener else {
      let answer: Observation
      if let problem = await open(at: now) { answer = .none(problem) } else { answer = .first }
      return policies.map { policy in
        if case .broken(let detail) = policy { return all(.none(ReadingProblem(.error, detail: detail))) }
        return all(answer)
      }
    }
    var update = memory
    let interval = tally.look { seen in
      update.note(seen, at: now, otherwise: self.interval)
      return update.isSilent
    }
    memory = update
    let doubt = doubt(interval, lost: lost(listener))
    return policies.indices.map { observations(of: $0, interval, doubt) }
  }

  func close() async {
    isClosed = true
    guard listener != nil, case .success(let address) = address else { return }
    listener = nil
    await listeners.detach(tally, from: address)
  }

  private func open(at now: Timestamp) async -> ReadingProblem? {
    switch address {
    case .failure(let refusal): return ReadingProblem(.error, detail: refusal.description)
    case .success(let address):
      do throws(DatagramSocket.Failure) {
        let opened = try await listeners.attach(tally, to: address)
        if isClosed {
          await listeners.detach(tally, from: address)
          return ReadingProblem(.error, detail: "listening on \(address.text): closed")
        }
        listener = opened
        drops = opened.drops ?? 0
        memory.begin(at: now)
        return nil
      } catch { return ReadingProblem(.error, detail: error.description) }
    }
  }

  private func all(_ observation: Observation) -> [Observation] {
    Array(repeating: observation, count: memory.instances.count)
  }

  private func lost(_ listener: StatsDListener) -> Int {
    guard let total = listener.drops else { return 0 }
    defer { drops = total }
    return max(0, total - drops)
  }

  /// What makes the whole interval doubtful, whoever sent it.
  private func doubt(_ interval: StatsDTally.Interval, lost: Int) -> ReadingProblem? {
    if Double(lost) > Self.toleratedLoss * Double(lost + interval.datagrams) {
      return ReadingProblem(
        .partial,
        detail: "\(lost) of \(lost + interval.datagrams) datagrams lost for want of room in the kernel; raise "
          + "net.core.rmem_max")
    }
    guard interval.malformed > interval.lines else { return nil }
    return ReadingProblem(.partial, detail: malformedPhrase(interval))
  }

  private func malformedPhrase(_ interval: StatsDTally.Interval) -> String {
    "\(interval.malformed) of \(interval.lines + interval.malformed) lines were no StatsD"
  }

  private func observations(
    of check: Int, _ interval: StatsDTally.Interval, _ doubt: ReadingProblem?
  ) -> [Observation] {
    if case .broken(let detail) = policies[check] { return all(.none(ReadingProblem(.error, detail: detail))) }
    if let doubt { return all(.none(doubt)) }
    return memory.instances.indices.map { instance in
      if let silence = silence(check, instance, interval) { return .none(silence) }
      let view = StatsDView(interval: interval, memory: memory, instance: instance, names: names[check])
      return view.observation(of: policies[check])
    }
  }

  private func silence(_ check: Int, _ instance: Int, _ interval: StatsDTally.Interval) -> ReadingProblem? {
    let metrics = policies[check].metrics
    guard memory.isSilent[instance] || !metrics.contains(where: { memory.isKnown[$0][instance] }) else { return nil }
    let wanted = names[check].map { Phrase.clean(memory.instances[instance].expanding($0)) }
    let what =
      memory.isSilent[instance] ? "for \(Self.silenceLimit) intervals" : "of " + wanted.joined(separator: " or ")
    var detail = "nothing heard from \(memory.instances[instance].id.text) \(what)"
    if interval.malformed > 0 { detail += "; " + malformedPhrase(interval) }
    return ReadingProblem(.noData, detail: detail)
  }
}

extension CheckPolicy.Measure {
  /// As the policy writes them.
  var selectors: [String] {
    switch self {
    case .ratio(let events, let total): [events, total]
    case .histogram(let name, _): [name]
    case .gauge(let name), .rate(let name), .share(let name): [name]
    }
  }
}

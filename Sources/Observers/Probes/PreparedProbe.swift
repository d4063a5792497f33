internal import CurlClient
internal import RolloutCore
internal import RolloutEngine

/// A probe of one instance with everything checked that can be checked before it runs.
struct PreparedProbe: Sendable {
  enum Target: Sendable {
    case http(CurlRequest, HTTPExpectations, version: VersionAssertion?)
    case tcp(CurlURL)
    case command([String])
  }

  struct VersionAssertion: Sendable {
    var source: HTTPProbe.VersionSource
    var expected: Version
    /// The other address to ask, where the probed one does not name the version.
    var request: CurlRequest?
  }

  let policy: ProbePolicy
  let instance: Instance
  let target: Target

  /// Longest body that is looked into.
  static let maxBody = 256 << 10

  init(
    _ policy: ProbePolicy, of instance: Instance, expecting: Version?, caFile: String?
  ) throws(InstanceAddress.Refusal) {
    self.policy = policy
    self.instance = instance
    switch policy.target {
    case .tcp(let endpoint): target = .tcp(try InstanceAddress(endpoint: endpoint, for: instance).url)
    case .command(let argv): target = .command(argv.map(instance.expanding))
    case .http(let probe):
      let address = try InstanceAddress(expanding: probe.url, for: instance)
      func request(_ address: InstanceAddress) -> CurlRequest {
        // A connection of its own each time shows that the instance accepts new ones, and that the answer is not the
        // predecessor's that lingers on a kept connection.
        CurlRequest(
          address.url, headers: probe.headers.map { CurlHeader(name: $0.name, value: instance.expanding($0.value)) },
          timeout: Int(clamping: policy.timeout.milliseconds),
          connectTimeout: Int(clamping: policy.timeout.milliseconds), maxBody: Self.maxBody, caFile: caFile,
          reusesConnections: false)
      }
      var assertion: VersionAssertion?
      if let source = probe.expect.version, let expecting {
        assertion = VersionAssertion(source: source, expected: expecting)
        if case .path(let path) = source {
          assertion?.request = request(try address.sibling(path: instance.expanding(path)))
        }
      }
      target = .http(request(address), HTTPExpectations(expect: probe.expect), version: assertion)
    }
  }

  func ask(_ curl: CurlClient, _ transport: any Transport) async -> ProbeAnswer {
    switch target {
    case .tcp(let url):
      let timeout = Int(clamping: policy.timeout.milliseconds)
      switch await curl.connect(url, timeout: timeout) {
      case .success: return .good
      case .failure(let failure): return .bad(detail: "TCP \(url.host):\(url.port): \(failure)")
      }
    case .command(let argv): return await run(argv, transport)
    case .http(let request, let expectations, let version):
      let objection = await ask(curl, request) { expectations.objection(to: $0) ?? version?.objection(to: $0) }
      if let objection { return .bad(detail: objection) }
      guard let version, let other = version.request else { return .good }
      let second = await ask(curl, other) {
        VersionReading.objection(version.source, in: $0, expected: version.expected)
      }
      return second.map { .bad(detail: $0) } ?? .good
    }
  }

  private func ask(
    _ curl: CurlClient, _ request: CurlRequest, _ judge: (CurlResponse) -> String?
  ) async -> String? {
    let name = "\(request.method.rawValue) \(Phrase.address(request.url))"
    switch await curl.get(request) {
    case .success(let response): return judge(response).map { "\(name): \($0)" }
    case .failure(let failure): return "\(name): \(failure)"
    }
  }

  private func run(_ argv: [String], _ transport: any Transport) async -> ProbeAnswer {
    let name = Phrase.clean(argv.joined(separator: " "))
    switch await transport.check(argv, timeout: policy.timeout, on: instance) {
    case .failure(let unreachable): return .bad(detail: "\(name): \(Phrase.clean(unreachable.detail, limit: 200))")
    case .success(let result) where result.exitStatus == 0: return .good
    case .success(let result):
      let output = Phrase.clean(Phrase.trimmed(result.output))
      return .bad(detail: "\(name): exit status \(result.exitStatus)" + (output.isEmpty ? "" : ": \(output)"))
    }
  }
}

extension PreparedProbe.VersionAssertion {
  /// Nil as well where another address is to be asked.
  func objection(to response: CurlResponse) -> String? {
    request == nil ? VersionReading.objection(source, in: response, expected: expected) : nil
  }
}

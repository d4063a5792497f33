internal import RolloutCore

extension PolicyBuilder {
  func probe(_ object: DecodedObject) -> ProbePolicy? {
    guard let (target, standardName) = probeTarget(object) else { return nil }
    var probe = ProbePolicy(name: object["name"]?.text ?? standardName, target: target)
    probe.interval = object["interval"]?.duration ?? probe.interval
    probe.timeout = object["timeout"]?.duration ?? probe.timeout
    probe.rise = object["rise"]?.integer ?? probe.rise
    probe.fall = object["fall"]?.integer ?? probe.fall
    return probe
  }

  /// What is asked, and the name that says so.
  private func probeTarget(_ object: DecodedObject) -> (target: ProbePolicy.Target, name: String)? {
    if let address = object["tcp"]?.text { return (.tcp(address), "tcp \(address)") }
    if let command = object["command"]?.texts {
      return (.command(command), "command \(command.joined(separator: " "))")
    }
    guard let url = object["http"]?.text else { return nil }
    let target = HTTPProbe(
      url: url, headers: headers(object["headers"]), expect: expectation(object["expect"]?.object))
    return (.http(target), "http \(Self.path(of: url))")
  }

  /// The path of an address, which tells probes of one instance apart better than the host.
  static func path(of url: String) -> String {
    let rest = url.drop { $0 != ":" }.dropFirst(3)
    return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
  }

  private func headers(_ value: Decoded?) -> [HTTPProbe.Header] {
    value?.pairs.map { HTTPProbe.Header(name: $0.name, value: $0.value) } ?? []
  }

  private func expectation(_ object: DecodedObject?) -> HTTPProbe.Expectation {
    var expectation = HTTPProbe.Expectation()
    guard let object else { return expectation }
    if let status = object["status"] {
      expectation.status = status.list?.compactMap(\.integer) ?? status.integer.map { [$0] } ?? expectation.status
    }
    expectation.body = object["body"]?.text
    expectation.json = object["json"]?.pairs.map { HTTPProbe.JSONExpectation(pointer: $0.name, equals: $0.value) } ?? []
    expectation.headers = headers(object["headers"])
    expectation.version = object["version"].flatMap(versionSource)
    return expectation
  }

  private func versionSource(_ value: Decoded) -> HTTPProbe.VersionSource? {
    if let path = value.text { return .path(path) }
    guard let object = value.object else { return nil }
    if let path = object["path"]?.text { return .path(path) }
    if let pointer = object["pointer"]?.text { return .pointer(pointer) }
    if let header = object["header"]?.text { return .header(header) }
    return object["body"]?.boolean == true ? .body : nil
  }
}

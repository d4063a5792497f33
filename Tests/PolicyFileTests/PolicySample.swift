import Foundation

@testable import PolicyFile

/// Policies for tests: a small valid one, of which a test replaces keys.
enum PolicySample {
  static let minimal: [(key: String, text: String)] = [
    ("service", "service: checkout"),
    ("instances", "instances: [{host: web1, zone: a}, {host: web2, zone: b}, {host: web3, zone: b}]"),
    ("transport", "transport: {ssh: {user: deploy}}"),
    ("release", "release: {artifact: \"dist/app-{version}.tar.gz\", directory: /srv/app}"),
    ("probes", "probes: [{http: \"http://{host}:8080/healthz\"}]"),
  ]

  /// The minimal policy with the top-level keys of `fragment` in place of its own. The fragment comes first, so that
  /// places in it are places in the result.
  static func with(_ fragment: String) -> String {
    let replaced = fragment.split(separator: "\n").map(String.init)
    let kept = minimal.filter { entry in !replaced.contains { $0.hasPrefix(entry.key + ":") } }
    return fragment + "\n" + kept.map(\.text).joined(separator: "\n") + "\n"
  }

  static func parse(
    _ text: String, path: String = "policy.yaml", files: [String: String] = included
  ) -> PolicyParse {
    PolicyFile.parse(Array(text.utf8), path: path, including: reader(files))
  }

  /// What the policies of these tests may include.
  static let included: [String: String] = [
    "checks/web.yaml": """
    checks:
      - name: server-errors
        bad: http_requests_total{code=~"5.."}
        total: http_requests_total
      - name: latency
        histogram: http_request_duration_seconds
        tolerance: 20%
        owner: web team

    """,
    "checks/nested.yaml": "checks: [{include: checks/web.yaml}, {name: load, gauge: load}]\n",
    "checks/broken.yaml": "checks:\n  - name: load\n    guage: load\n    limit: high\n",
    "checks/same.yaml": "checks:\n  - {name: latency, gauge: latency_seconds}\n",
    "checks/empty.yaml": "checks: []\n", "checks/policy.yaml": "service: checkout\n",
    "checks/templates.yaml":
      "checks: [{name: load, graphite: {url: \"http://graphite\"}, gauge: \"{a,b}.{rack}.load\"}]\n",
  ]

  static func reader(_ files: [String: String]) -> IncludeReader {
    IncludeReader { path in
      if path.hasPrefix("../") { return .failure(.outside("/repository")) }
      guard let text = files[path] else { return .failure(.unreadable("no such file or directory")) }
      return .success(IncludedFile(path: path, bytes: Array(text.utf8)))
    }
  }

  /// Codes found in the minimal policy with `fragment`.
  static func codes(_ fragment: String) -> [DiagnosticCode] { parse(with(fragment)).diagnostics.map(\.code) }

  private static let servers: [String: String] = [
    "prometheus": "url: \"http://p:9090\", instance: \"{host}\"", "graphite": "url: \"http://g\"",
    "statsd": "listen: \"127.0.0.1:8125\"", "command": "argv: [a]",
  ]

  /// `metrics` or `checks` with one key set.
  private static func checking(_ path: String, _ key: String, _ value: String) -> String {
    let parts = path.split(separator: ".").map(String.init)
    let item = "name: c, scrape: \"http://{host}/metrics\""
    let own = parts.count > 1 ? parts[1] : ""
    switch (parts[0], key) {
    case ("metrics", _) where parts.count == 3:
      let others = (servers[own] ?? "").split(separator: ", ").filter { !$0.hasPrefix(key + ":") }
      return "metrics: {\(own): {\((others + ["\(key): \(value)"]).joined(separator: ", "))}}"
    case ("metrics", _): return "metrics: {\(key): \(value)}"
    case (_, "include"): return "checks: [{include: \(value)}]"
    case (_, "with"): return "checks: [{include: checks/web.yaml, with: \(value)}]"
    case (_, "quantile"), (_, "quantiles"), (_, "histogram"):
      return "checks: [{\(item), \(key == "histogram" ? "" : "histogram: h, ")\(key): \(value)}]"
    case (_, "bad"), (_, "good"): return "checks: [{\(item), \(key): \(value), total: t}]"
    case (_, "total"): return "checks: [{\(item), bad: b, total: \(value)}]"
    case (_, "rate"), (_, "share"), (_, "gauge"): return "checks: [{\(item), \(key): \(value)}]"
    case (_, _) where parts.count == 3:
      let metric = ["prometheus": "r", "command": "\"/{id}\""][own] ?? "\"r.{id}\""
      return "checks: [{name: c, rate: \(metric), \(checking("metrics.\(own).\(key)", key, value).dropFirst(10))]"
    case (_, _) where PolicySchema.sourceKeys.contains(key):
      return "checks: [{name: c, rate: \"/{id}\", \(key): \(value)}]"
    default: return "checks: [{\(item), gauge: g, \(key): \(value)}]"
    }
  }

  /// The minimal policy with one key at a path such as `release.keep` or `probes[].interval` set to `value`.
  static func setting(_ path: String, to value: String) -> String {
    let release = "artifact: \"dist/app-{version}.tar.gz\", directory: /srv/app"
    let check = "name: c, scrape: \"http://{host}/metrics\""
    let key = String(path.split(separator: ".").last ?? "")
    switch path {
    case let path where path.hasPrefix("release.shared."):
      return with("release: {\(release), shared: {\(key): \(value)}}")
    case "release.directory": return with("release: {artifact: \"d/{version}.tgz\", directory: \(value)}")
    case "release.artifact": return with("release: {artifact: \(value), directory: /srv/app}")
    case let path where path.hasPrefix("release."): return with("release: {\(release), \(key): \(value)}")
    case "instances[].host": return with("instances: [{host: \(value)}, {host: web2}]")
    case let path where path.hasPrefix("instances[]."):
      return with("instances: [{host: web1, \(key): \(value)}, {host: web2}]")
    case "probes[].http", "probes[].tcp", "probes[].command": return with("probes: [{\(key): \(value)}]")
    case let path where path.hasPrefix("probes[].expect."):
      return with("probes: [{http: \"http://{host}/\", expect: {\(key): \(value)}}]")
    case let path where path.hasPrefix("probes[]."):
      return with("probes: [{http: \"http://{host}/\", \(key): \(value)}]")
    case let path where path.hasPrefix("metrics."), let path where path.hasPrefix("checks[]."):
      return with(checking(path, key, value))
    case let path where path.hasPrefix("transport.ssh."): return with("transport: {ssh: {\(key): \(value)}}")
    case "burn_in.until":
      return with("burn_in: {until: \(value)}\nchecks: [{\(check), bad: b, total: t}]")
    case "burn_in.until.requests":
      return with("burn_in: {until: {requests: \(value)}}\nchecks: [{\(check), bad: b, total: t}]")
    case let path where path.contains("."): return with("\(path.prefix { $0 != "." }): {\(key): \(value)}")
    default: return with("\(path): \(value)")
    }
  }
}

/// Files beside the tests and in the repository.
enum TestFiles {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  static let repository = directory.deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

  /// Files beside a policy of the repository.
  static func reader(beside policy: URL) -> IncludeReader {
    IncludeReader { path in
      let file = policy.deletingLastPathComponent().appendingPathComponent(path)
      guard let text = try? text(file) else { return .failure(.unreadable("missing")) }
      return .success(IncludedFile(path: path, bytes: Array(text.utf8)))
    }
  }

  static var policies: [URL] { yaml(in: "policies") }
  static var checkSets: [URL] { yaml(in: "policies/checks") }

  private static func yaml(in name: String) -> [URL] {
    let folder = repository.appendingPathComponent(name)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appendingPathComponent($0) }
  }
}

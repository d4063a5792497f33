import Foundation
import PolicyFile

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

  static func parse(_ text: String, path: String = "policy.yaml") -> PolicyParse {
    PolicyFile.parse(Array(text.utf8), path: path)
  }

  /// Codes found in the minimal policy with `fragment`.
  static func codes(_ fragment: String) -> [DiagnosticCode] { parse(with(fragment)).diagnostics.map(\.code) }

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
    case "checks[].quantile": return with("checks: [{\(check), histogram: h, quantile: \(value)}]")
    case "checks[].bad": return with("checks: [{\(check), bad: \(value), total: t}]")
    case let path where path.hasPrefix("checks[]."):
      let limit = key == "limit" ? "" : "limit: 5, "
      return with("checks: [{\(check), gauge: g, \(limit)\(key): \(value)}]")
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

  static var policies: [URL] {
    let folder = repository.appendingPathComponent("policies")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { folder.appendingPathComponent($0) }
  }
}

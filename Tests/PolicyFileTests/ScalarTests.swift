import PolicyFile
import Testing

/// What a text is read as depends on the key alone.
@Suite struct ScalarTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let path: String
    let accepted: [String]
    /// Texts with the code they are refused with.
    let refused: [(text: String, code: DiagnosticCode)]
    var testDescription: String { path }
    init(_ path: String, _ accepted: [String], _ refused: KeyValuePairs<String, DiagnosticCode>) {
      self.path = path
      self.accepted = accepted
      self.refused = refused.map { ($0.key, $0.value) }
    }
  }

  static let types: [Case] = [
    Case(
      "min_healthy_time",
      ["0s", "250ms", "1s", "1.5s", "0.001s", "90s", "1m", "1m30s", "1m59s999ms", "\"10s\"", "'10s'"],
      [
        "10": .notADuration, "10 s": .notADuration, "10S": .notADuration, "s": .notADuration, "-1s": .notADuration,
        "+1s": .notADuration, "1.5m": .notADuration, "1.2345s": .notADuration, ".5s": .notADuration,
        "1s1m": .notADuration, "1s1s": .notADuration, "1d": .notADuration, "10sec": .notADuration,
        "PT10S": .notADuration,
        "99999999999h": .notADuration, "1_0s": .notADuration, "0x1s": .notADuration, "1:30": .notADuration,
        "ten seconds": .notADuration, "~": .notADuration, "true": .notADuration, "\"\"": .notADuration,
        "10µs": .notADuration, "8761h": .notADuration, "[10s]": .wrongShape, "{s: 10}": .wrongShape, "": .missingValue,
        "2m": .neverHealthy,
      ]),
    Case("healthy_deadline", ["1h", "30s"], ["0s": .outOfRange, "999ms": .outOfRange]),
    Case(
      "max_failures", ["0", "1", "10000", "\"3\""],
      [
        "-1": .notAnInteger, "+1": .notAnInteger, "1.0": .notAnInteger, "01": .notAnInteger, "0x10": .notAnInteger,
        "0o7": .notAnInteger, "1_000": .notAnInteger, "1e3": .notAnInteger, "10001": .outOfRange, "one": .notAnInteger,
        "99999999999999999999": .notAnInteger, "١": .notAnInteger, "5%": .notAnInteger, ".inf": .notAnInteger,
      ]),
    Case("release.keep", ["1", "1000"], ["0": .outOfRange, "1001": .outOfRange, "yes": .notAnInteger]),
    Case(
      "checks[].muted", ["true", "false", "\"true\""],
      [
        "yes": .notABoolean, "no": .notABoolean, "on": .notABoolean, "off": .notABoolean, "True": .notABoolean,
        "FALSE": .notABoolean, "1": .notABoolean, "0": .notABoolean, "y": .notABoolean, "\" true\"": .notABoolean,
        "~": .notABoolean, "null": .notABoolean,
      ]),
    Case(
      "false_alarm", ["1%", "0.1%", "50%", "12.5%"],
      [
        "1": .notAPercentage, "0.01": .notAPercentage, "0%": .outOfRange, "51%": .outOfRange, "-1%": .notAPercentage,
        "1 %": .notAPercentage, "\"%\"": .notAPercentage, "1%%": .notAPercentage, "1e1%": .notAPercentage,
        ".5%": .notAPercentage, "1.%": .notAPercentage, "nan%": .notAPercentage, "1percent": .notAPercentage,
      ]),
    Case("checks[].tolerance", ["0%", "1000%"], ["1000.1%": .outOfRange, "0.1": .notAPercentage]),
    Case("checks[].limit", ["5%", "500", "0.05", "-3", "1e6"], ["high": .notANumber, "1_0": .notANumber]),
    Case(
      "checks[].quantile", ["0.5", "0.99", "0.999"],
      ["0": .outOfRange, "1": .outOfRange, "99%": .notANumber, "p99": .notANumber, ".99": .notANumber]),
    Case(
      "max_unavailable", ["1", "2", "25%", "33.3%"],
      [
        "0": .outOfRange, "0%": .outOfRange, "101%": .outOfRange, "-1": .notAQuantity, "1.5": .notAQuantity,
        "half": .notAQuantity, "all": .notAQuantity,
      ]),
    Case(
      "on_fail", ["rollback", "halt"],
      ["Rollback": .unknownChoice, "roll_back": .unknownChoice, "hold": .unknownChoice]),
    Case(
      "waves", ["[1]", "[25%, 100%]", "[1, 2, 50%, 100%]"], ["[]": .wrongLength, "1": .wrongShape, "[0]": .outOfRange]),
    Case(
      "release.restart", ["[true]", "[sh, -c, \"a && b\"]", "[a, \"\", 1, ~, 1.0]", "[\"*\", \"&x\", \"!y\"]"],
      ["systemctl restart x": .notACommand, "[]": .wrongLength, "[\"\"]": .notACommand, "[[a]]": .wrongShape]),
  ]

  static let texts: [Case] = [
    Case(
      "service", ["checkout", "1.10", "1e3", "0x10", "true", "no", "2024-01-01", "a_b-c.d", "\"yes\""],
      [
        "Checkout": .serviceName, "-a": .serviceName, ".a": .serviceName, "a b": .serviceName, "a/b": .serviceName,
        "a..b": .serviceName, "\"\"": .missingValue, "ünter": .serviceName, "[a]": .wrongShape,
      ]),
    Case(
      "instances[].host", ["web1", "192.0.2.1", "WEB-1.example.net", "1", "no"],
      [
        "-oProxyCommand=x": .hostName, "a@b": .hostName, "a b": .hostName, "\"a:22\"": .hostName, "a/b": .hostName,
        "\"$(id)\"": .hostName, "\"::1\"": .hostName, "ssh://a": .hostName, "..": .hostName, "a..b": .hostName,
        "\"a\\nb\"": .controlCharacter, "\"a\\0\"": .controlCharacter,
      ]),
    Case(
      "instances[].address", ["192.0.2.1", "\"::1\"", "\"2001:db8::1\"", "\"1:2:3:4:5:6:7:8\"", "db.internal"],
      ["\"[::1]\"": .address, "\"1:2\"": .address, "\":::\"": .address, "\"1::2::3\"": .address, "-a": .address]),
    Case(
      "instances[].ssh_port", ["1", "22", "65535"], ["0": .outOfRange, "65536": .outOfRange, "ssh": .notAnInteger]),
    Case(
      "instances[].labels", ["{port: 8080}", "{a-b: no}", "{}"],
      ["{1: a}": .labelName, "{a: b c}": .word, "x": .wrongShape]),
    Case(
      "release.directory", ["/srv/app", "/srv/a b", "/opt/1.10"],
      ["srv": .directory, "/": .directory, "/srv/..": .directory, "/a/./b": .directory, "~/app": .directory]),
    Case(
      "release.artifact", ["\"a-{version}.tgz\"", "\"./-{version}\"", "\"/dist/{version}/{version}.tgz\""],
      ["\"{host}.tgz\"": .unknownTemplateName, "\"{version.tgz\"": .malformedTemplate, "\"-{version}\"": .path]),
    Case(
      "release.shared.dirs", ["[]", "[log, var/tmp]"],
      ["[/log]": .sharedPath, "[../log]": .sharedPath, "[a//b]": .sharedPath, "[.]": .sharedPath, "[-a]": .sharedPath]),
    Case(
      "transport.ssh.user", ["deploy", "_www", "a.b"], ["-l": .userName, "a b": .userName, "a@b": .userName]),
    Case(
      "probes[].http", ["\"http://{host}/\"", "\"https://{id}:8443/x?y=a&b=c\"", "\"http://[::1]:80/\""],
      [
        "\"ftp://{host}/\"": .url, "\"http://\"": .url, "\"http://u:p@{host}/\"": .url, "\"http://{host}:0/\"": .url,
        "\"http://{host}:99999/\"": .url, "\"http://{host}/a b\"": .url, "\"http://{host}/{\"": .malformedTemplate,
        "\"http://{hots}/\"": .unknownTemplateName, "{host}": .wrongShape, "\"http://:80/\"": .url,
      ]),
    Case(
      "probes[].tcp", ["\"{host}:5432\"", "\"db:1\""],
      ["\"{host}\"": .hostAndPort, "\":80\"": .hostAndPort, "\"{host}:x\"": .hostAndPort, "\"a b:1\"": .hostAndPort]),
    Case(
      "probes[].expect.status", ["200", "[200, 204]", "\"200\""],
      ["99": .outOfRange, "600": .outOfRange, "2xx": .notAnInteger, "[]": .wrongLength, "{a: b}": .wrongShape]),
    Case(
      "probes[].expect.version", ["/version", "{path: /v}", "{pointer: /a/0}", "{header: X-V}", "{body: true}"],
      [
        "version": .url, "{pointer: a.b}": .jsonPointer, "{pointer: /a~b}": .jsonPointer, "{header: X V}": .headerName,
        "{path: /v, body: true}": .conflictingKeys, "{}": .missingKey, "{body: yes}": .notABoolean,
      ]),
    Case(
      "checks[].bad", ["errors", "\"e{code=~\\\"5..\\\"}\"", "'{__name__=\"x\"}'"],
      ["rate(e)": .seriesSelector, "a + b": .seriesSelector, "'e{a=\"b}'": .seriesSelector, "1e": .seriesSelector]),
  ]

  @Test(arguments: types + texts) func textIsReadByItsKey(_ row: Case) {
    for text in row.accepted {
      let parse = PolicySample.parse(PolicySample.setting(row.path, to: text))
      let found = parse.diagnostics.filter { $0.severity == .error }.map(DiagnosticRenderer.renderLine)
      #expect(found == [], "\(row.path): \(text)")
      #expect(parse.policy != nil, "\(row.path): \(text)")
    }
    for (text, code) in row.refused {
      let parse = PolicySample.parse(PolicySample.setting(row.path, to: text))
      let codes = parse.diagnostics.filter { $0.severity == .error }.map(\.code)
      #expect(codes == [code], "\(row.path): \(text): \(parse.diagnostics.map(DiagnosticRenderer.renderLine))")
      #expect(parse.policy == nil, "\(row.path): \(text)")
    }
  }

  @Test func tableIsLargeEnough() {
    #expect((Self.types + Self.texts).map { $0.accepted.count + $0.refused.count }.reduce(0, +) >= 120)
  }

  @Test(arguments: ["1", "2.4.1", "2024-01-01", "1.0.0+build.5", "v1_a-b", String(repeating: "1", count: 128)])
  func versionIsAccepted(_ text: String) { #expect(VersionGrammar.accepts(text)) }

  @Test(arguments: ["", ".1", "-1", "1..2", "a/b", "a b", "1\n", "ü", "+1", "..", String(repeating: "1", count: 129)])
  func versionIsRefused(_ text: String) { #expect(!VersionGrammar.accepts(text)) }
}

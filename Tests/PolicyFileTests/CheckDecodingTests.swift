import PolicyFile
import RolloutCore
import Testing

/// Every source, measure and judgement of a check reaches its place in the model.
@Suite struct CheckDecodingTests {
  static func checks(_ fragment: String) -> [CheckPolicy] {
    let parse = PolicySample.parse(PolicySample.with(fragment))
    // Whether they can pass a release is another matter.
    let found = parse.diagnostics.filter { $0.code != .neverPasses }
    #expect(found.map(DiagnosticRenderer.renderLine) == [])
    return parse.policy?.checks ?? []
  }

  static func check(_ keys: String) -> CheckPolicy? { checks("checks: [{name: c, \(keys)}]").first }

  static let sources: [(keys: String, source: MetricSource)] = [
    ("scrape: \"http://{host}/m\", rate: r", .scrape("http://{host}/m")),
    ("http: \"http://{host}/j\", rate: /r", .http("http://{host}/j")),
    (
      "prometheus: {url: \"https://p\", instance: \"{host}:1\"}, rate: r",
      .prometheus(PrometheusSource(url: "https://p", label: "instance", instance: "{host}:1"))
    ),
    (
      "prometheus: {url: \"http://p:9090/x\", label: pod, instance: \"{id}\", token_env: T}, rate: r",
      .prometheus(PrometheusSource(url: "http://p:9090/x", label: "pod", instance: "{id}", tokenVariable: "T"))
    ),
    ("graphite: {url: \"http://g\"}, rate: \"r.{id}\"", .graphite(GraphiteSource(url: "http://g"))),
    (
      "graphite: {url: \"http://g\", cumulative: true}, rate: \"r.{id}\"",
      .graphite(GraphiteSource(url: "http://g", isCumulative: true))
    ),
    ("statsd: {listen: \"[::1]:8125\", tag: host}, rate: r", .statsd(StatsDSource(listen: "[::1]:8125", tag: "host"))),
    ("statsd: {listen: \"0.0.0.0:1\"}, rate: \"{id}.r\"", .statsd(StatsDSource(listen: "0.0.0.0:1"))),
    ("command: [./a, -b], rate: \"/{id}\"", .command(CommandSource(argv: ["./a", "-b"]))),
    (
      "command: {argv: [./a], timeout: 3s, cumulative: false}, rate: \"/{id}\"",
      .command(CommandSource(argv: ["./a"], timeout: .seconds(3), isCumulative: false))
    ),
  ]

  @Test(arguments: sources) func sourceIsRead(_ keys: String, _ source: MetricSource) {
    #expect(Self.check(keys)?.source == source)
  }

  static let measures: [(keys: String, measure: CheckPolicy.Measure, worse: CheckPolicy.Direction)] = [
    ("bad: b, total: t", .ratio(events: "b", total: "t"), .up),
    ("good: g, total: t", .ratio(events: "g", total: "t"), .down),
    ("histogram: h", .histogram(name: "h", quantiles: [0.9, 0.99]), .up),
    ("histogram: h, quantile: 0.5", .histogram(name: "h", quantiles: [0.5]), .up),
    ("histogram: h, quantiles: [0.99, 0.5, 0.99]", .histogram(name: "h", quantiles: [0.5, 0.99]), .up),
    ("gauge: g", .gauge("g"), .up), ("gauge: g, direction: down", .gauge("g"), .down),
    ("rate: r", .rate("r"), .up), ("rate: r, direction: down", .rate("r"), .down), ("share: s", .share("s"), .up),
  ]

  @Test(arguments: measures.indices) func measureIsRead(_ index: Int) {
    let (keys, measure, worse) = Self.measures[index]
    let check = Self.check("scrape: \"http://{host}/m\", \(keys)")
    #expect(check?.measure == measure)
    #expect(check?.worseWhen == worse)
  }

  @Test func judgementHasAllItsKeys() {
    let check = Self.check(
      """
      scrape: "http://{host}/m", gauge: g, tolerance: 15%, pass_margin: 40%, limit: 5%, interval: 10s, \
      initial_delay: 1m, weight: 0.5, critical: true, muted: true, owner: "#web"
      """)
    var expected = CheckPolicy(name: "c", source: .scrape("http://{host}/m"), measure: .gauge("g"))
    expected.tolerance = 0.15
    expected.passMargin = 0.4
    expected.limit = 0.05
    expected.interval = .seconds(10)
    expected.initialDelay = .minutes(1)
    expected.weight = 0.5
    expected.isCritical = true
    expected.muted = true
    expected.owner = "#web"
    #expect(check == expected)
  }

  @Test func metricsAreForChecksThatHaveNoSource() {
    let found = Self.checks(
      """
      metrics: {http: "http://{host}/j"}
      checks: [{name: a, gauge: /a}, {name: b, scrape: "http://{host}/m", gauge: b}]
      """)
    #expect(found.map(\.source) == [.http("http://{host}/j"), .scrape("http://{host}/m")])
  }

  // MARK: - Included files

  @Test func includedChecksStandWhereTheyAreIncluded() throws {
    let found = Self.checks(
      """
      metrics: {scrape: "http://{host}/m"}
      checks:
        - {name: first, gauge: f}
        - {include: checks/web.yaml, with: {latency: {tolerance: 30%, muted: true, limit: 2}}}
        - {name: last, gauge: l}
      """)
    #expect(found.map(\.name) == ["first", "server-errors", "latency", "last"])
    let latency = try #require(found.dropFirst(2).first)
    #expect(latency.tolerance == 0.3)
    #expect(latency.muted)
    #expect(latency.limit == 2)
    #expect(latency.owner == "web team")
    #expect(latency.measure == .histogram(name: "http_request_duration_seconds", quantiles: [0.9, 0.99]))
    #expect(found.allSatisfy { $0.source == .scrape("http://{host}/m") })
  }

  @Test func includingIsTheSameAsWritingOut() throws {
    let set = try #require(PolicySample.included["checks/web.yaml"])
    let metrics = "metrics: {scrape: \"http://{host}/m\"}\n"
    #expect(Self.checks(metrics + "checks: [{include: checks/web.yaml}]") == Self.checks(metrics + set))
  }

  @Test func includedFilesAreGivenBack() throws {
    let text = PolicySample.with("metrics: {scrape: \"http://{host}/m\"}\nchecks: [{include: checks/web.yaml}]")
    let bytes = Array(try #require(PolicySample.included["checks/web.yaml"]).utf8)
    #expect(PolicySample.parse(text).included == [IncludedFile(path: "checks/web.yaml", bytes: bytes)])
    #expect(PolicySample.parse(PolicySample.with("checks: []")).included == [])
  }

  @Test func requestsMayBeCountedByAnIncludedCheck() {
    let text = "metrics: {scrape: \"http://{host}/m\"}\nburn_in: {until: {requests: 5}}\n"
    #expect(PolicySample.codes(text + "checks: [{include: checks/web.yaml}]") == [])
    #expect(PolicySample.codes(text + "checks: [{include: checks/same.yaml}]") == [.requestsWithoutTotal])
    // A file that is missing may well have counted them.
    #expect(PolicySample.codes(text + "checks: [{include: checks/gone.yaml}]") == [.includeUnreadable])
  }

  @Test func includedFilesAreFew() {
    let items = (0...16).map { "{include: checks/\($0).yaml}" }.joined(separator: ", ")
    let files = (0...16).map { ("checks/\($0).yaml", "checks: [{name: c\($0), gauge: g}]\n") }
    let reader = PolicySample.reader(Dictionary(uniqueKeysWithValues: files))
    let text = PolicySample.with("metrics: {scrape: \"http://{host}/m\"}\nchecks: [\(items)]")
    let parse = PolicyFile.parse(Array(text.utf8), path: "policy.yaml", including: reader)
    #expect(parse.diagnostics.map(\.code) == [.tooManyIncludes])
    let fewer = text.replacing(", {include: checks/16.yaml}", with: "")
    #expect(PolicyFile.parse(Array(fewer.utf8), path: "p", including: reader).policy?.checks.count == 16)
  }

  @Test func aSetOfChecksIsReadByItself() {
    func codes(_ text: String) -> [DiagnosticCode]? {
      PolicyFile.diagnoseCheckSet(Array(text.utf8), path: "checks.yaml")?.map(\.code)
    }
    #expect(codes(PolicySample.included["checks/web.yaml"] ?? "") == [])
    #expect(codes("checks: [{include: a.yaml}]\n") == [.nestedInclude])
    #expect(
      codes("checks: [{name: a, gauge: b, pass_margin: 5%}, {name: a, gauge: c}]\n") == [.passMargin, .duplicateName])
    #expect(codes("checks: [{name: a, http: \"http://{host}/\", gauge: b}]\n") == [.jsonPointer])
    #expect(codes("checks: []\nownr: web\n") == [.wrongLength, .unknownKey])
    #expect(codes("checks: []\nservice: web\n") == nil)
    #expect(codes("service: web\n") == nil)
    #expect(codes("checks: [\n") == nil)
  }

  @Test func aPolicyFromNoFileIncludesNone() {
    let text = PolicySample.with("checks: [{include: checks/web.yaml}]")
    #expect(PolicyFile.parse(Array(text.utf8), path: "p").diagnostics.map(\.code) == [.includeUnreadable])
  }

  @Test func hostileIncludedFilesAreRefusedLikePolicies() {
    for (text, code) in [
      ("checks: &a [*a]\n", DiagnosticCode.anchor), ("\u{1B}[2J", .controlCharacter), ("", .emptyFile),
      (String(repeating: "[", count: 5000), .nestedTooDeeply), ("- a\n", .wrongShape),
    ] {
      let policy = Array(PolicySample.with("checks: [{include: x.yaml}]").utf8)
      let parse = PolicyFile.parse(policy, path: "p", including: PolicySample.reader(["x.yaml": text]))
      #expect(parse.diagnostics.contains { $0.code == code && $0.path == "x.yaml" }, "\(text.prefix(20))")
      #expect(parse.policy == nil)
    }
  }

  @Test func refusedAddressIsShownWhereItStands() {
    let text = PolicySample.with(
      "metrics: {scrape: \"http://evil/m\"}\nchecks: [{include: checks/web.yaml}, {include: checks/same.yaml}]")
    let parse = PolicySample.parse(text)
    #expect(parse.refused(.check(1), "m").map { [$0.line, $0.column] } == [1, 19])
    let own = PolicySample.parse(
      PolicySample.with("checks: [{include: own.yaml}]"),
      files: ["own.yaml": "checks:\n- {name: a, http: \"http://evil\", gauge: /g}"])
    let refused = own.refused(.check(0), "m")
    #expect(refused.map { DiagnosticRenderer.renderLine($0).hasPrefix("own.yaml:2:19: error") } == true)
    #expect(own.refused(.check(1), "m") == nil)
  }

  @Test func labelsOfIncludedFilesAreHeldAgainstTheHosts() {
    let text = PolicySample.with("instances: {file: hosts.txt}\nchecks: [{include: checks/templates.yaml}]")
    let parse = PolicySample.parse(text)
    #expect(parse.diagnostics.map(\.code) == [.neverPasses])
    let found = parse.diagnose([Instance(id: "web1"), Instance(id: "web2")])
    #expect(found.map(\.path) == ["checks/templates.yaml"])
    #expect(found.map(\.code) == [.unknownTemplateName])
    func racks(_ first: String, _ second: String) -> [Instance] {
      let instance = { (id: HostID, rack: String) in
        Instance(id: id, labels: [Instance.Label(name: "rack", value: rack)])
      }
      return [instance("web1", first), instance("web2", second)]
    }
    #expect(parse.diagnose(racks("1", "2")) == [])
    #expect(parse.diagnose(racks("1", "1")).map(\.code) == [.sameForAll])
  }
}

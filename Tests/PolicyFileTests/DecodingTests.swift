import PolicyFile
import RolloutCore
import Testing

/// Every key reaches its place in the model.
@Suite struct DecodingTests {
  static let sample = """
    service: checkout
    instances:                                  # or {file: hosts.txt} or {command: [./inventory]}
      - {host: web1.example.net, zone: a}
      - {host: web2.example.net, zone: b}
      - {host: web3.example.net, zone: b}
    transport: {ssh: {user: deploy}}
    release:
      artifact: dist/checkout-{version}.tar.gz
      sha256: dist/checkout-{version}.tar.gz.sha256
      directory: /srv/checkout                  # releases/<version>, current -> releases/<version>
      shared: {dirs: [log], files: [.env]}
      restart: [systemctl, restart, checkout]
      keep: 5
    canary: {count: 1}
    burn_in: {min: 10m, max: 1h, until: {requests: 2000}}
    waves: [25%, 100%]
    max_unavailable: 1
    max_failures: 0
    min_healthy_time: 10s
    healthy_deadline: 2m
    progress_deadline: 30m
    probes:
      - http: http://{host}:8080/healthz
        interval: 2s
        timeout: 1s
        rise: 3
        fall: 2
        expect: {status: 200, version: /version} # the answer must name the version just pushed
    checks:
      - name: server-errors
        scrape: http://{host}:8080/metrics
        bad: http_requests_total{code=~"5.."}
        total: http_requests_total
        tolerance: 10%
      - name: latency
        scrape: http://{host}:8080/metrics
        histogram: http_request_duration_seconds
        quantile: 0.99
        tolerance: 20%
    false_alarm: 1%
    on_fail: rollback
    on_inconclusive: halt
    on_no_data: wait
    on_abort: rollback
    """

  @Test func sampleOfTheDocumentationIsReadWhole() throws {
    let parse = PolicySample.parse(Self.sample)
    #expect(parse.diagnostics.map(DiagnosticRenderer.renderLine) == [])
    var release = ReleasePolicy(artifact: "dist/checkout-{version}.tar.gz", directory: "/srv/checkout")
    release.sha256 = "dist/checkout-{version}.tar.gz.sha256"
    release.sharedDirectories = ["log"]
    release.sharedFiles = [".env"]
    release.restart = ["systemctl", "restart", "checkout"]
    var expected = Policy(
      service: "checkout",
      instances: .listed([
        Instance(id: "web1.example.net", zone: "a"), Instance(id: "web2.example.net", zone: "b"),
        Instance(id: "web3.example.net", zone: "b"),
      ]), transport: .ssh(SSHPolicy(user: "deploy")), release: release)
    expected.burnIn.untilRequests = 2000
    expected.probes = [
      ProbePolicy(
        name: "http /healthz",
        target: .http(
          HTTPProbe(url: "http://{host}:8080/healthz", expect: HTTPProbe.Expectation(version: .path("/version")))))
    ]
    var errors = CheckPolicy(
      name: "server-errors", source: .scrape("http://{host}:8080/metrics"),
      measure: .ratio(events: "http_requests_total{code=~\"5..\"}", total: "http_requests_total"))
    errors.tolerance = 0.1
    var latency = CheckPolicy(
      name: "latency", source: .scrape("http://{host}:8080/metrics"),
      measure: .histogram(name: "http_request_duration_seconds", quantiles: [0.99]))
    latency.tolerance = 0.2
    expected.checks = [errors, latency]
    #expect(parse.policy == expected)
  }

  @Test func hostsHaveAllTheirKeys() {
    let text = PolicySample.with(
      """
      instances:
        - {host: a, address: 192.0.2.1, zone: z, ssh_port: 2222, directory: /srv/a, labels: {port: 8081, b: 1.10}}
        - host: b
          labels: {port: 1, b: 2}
      """)
    let labels = [Instance.Label(name: "b", value: "1.10"), Instance.Label(name: "port", value: "8081")]
    let first = Instance(
      id: "a", address: "192.0.2.1", zone: "z", sshPort: 2222, labels: labels, directory: "/srv/a")
    guard case .listed(let found)? = PolicySample.parse(text).policy?.instances else {
      Issue.record("no list")
      return
    }
    #expect(found.first == first)
    #expect(found.map(\.address) == ["192.0.2.1", "b"])
  }

  @Test func instancesComeFromElsewhere() {
    #expect(
      PolicySample.parse(PolicySample.with("instances: {file: hosts.txt}")).policy?.instances == .file("hosts.txt"))
    let command = PolicySample.parse(PolicySample.with("instances: {command: [./inventory, --all]}"))
    #expect(command.policy?.instances == .command(["./inventory", "--all"]))
  }

  @Test func transportsHaveAllTheirKeys() {
    let ssh = "{user: u, port: 2222, config: c, identity: i, known_hosts: k, connect_timeout: 3s}"
    let expected = SSHPolicy(
      user: "u", port: 2222, configFile: "c", identityFile: "i", knownHostsFile: "k", connectTimeout: .seconds(3))
    #expect(PolicySample.parse(PolicySample.with("transport: {ssh: \(ssh)}")).policy?.transport == .ssh(expected))
    #expect(PolicySample.parse(PolicySample.with("transport: {local: {}}")).policy?.transport == .local)
  }

  @Test func releaseHasAllItsKeys() {
    let text = """
      release:
        artifact: a-{version}.tgz
        directory: /srv/a
        drain: [out]
        undrain: [in, "now"]
        hook_timeout: 5s
        restart: [go]
        restart_timeout: 1m30s
        keep: 2
      """
    let release = PolicySample.parse(PolicySample.with(text)).policy?.release
    #expect(release?.drain == ["out"])
    #expect(release?.undrain == ["in", "now"])
    #expect(release?.hookTimeout == .seconds(5))
    #expect(release?.restartTimeout == .seconds(90))
    #expect(release?.keep == 2)
  }

  @Test func probesHaveAllTheirKeys() {
    let text = """
      probes:
        - tcp: "{host}:1"
        - {command: [./ok, -x], name: own, interval: 5s, timeout: 2s, rise: 1, fall: 9}
        - http: "http://{host}/"
          headers: {Host: a, X-B: "1"}
          expect: {status: [200, 204], body: ok, json: {/a/b: 1}, headers: {X-C: d}, version: {pointer: /v}}
      """
    let probes = PolicySample.parse(PolicySample.with(text)).policy?.probes ?? []
    let header = HTTPProbe.Header.init(name:value:)
    let expectation = HTTPProbe.Expectation(
      status: [200, 204], body: "ok", json: [HTTPProbe.JSONExpectation(pointer: "/a/b", equals: "1")],
      headers: [header("X-C", "d")], version: .pointer("/v"))
    #expect(
      probes == [
        ProbePolicy(name: "tcp {host}:1", target: .tcp("{host}:1")),
        ProbePolicy(
          name: "own", target: .command(["./ok", "-x"]), interval: .seconds(5), timeout: .seconds(2), rise: 1, fall: 9),
        ProbePolicy(
          name: "http /",
          target: .http(
            HTTPProbe(url: "http://{host}/", headers: [header("Host", "a"), header("X-B", "1")], expect: expectation))),
      ])
  }

  @Test func canaryIsCountShareOrHosts() {
    #expect(PolicySample.parse(PolicySample.with("canary: {count: 2}")).policy?.canary == .count(2))
    #expect(PolicySample.parse(PolicySample.with("canary: {percent: 12.5%}")).policy?.canary == .percent(12.5))
    #expect(PolicySample.parse(PolicySample.with("canary: {hosts: [web2]}")).policy?.canary == .hosts(["web2"]))
  }

  @Test func decisionsAndPaceAreTaken() {
    let policy = PolicySample.parse(
      PolicySample.with(
        """
        on_fail: halt
        on_inconclusive: promote
        on_no_data: halt
        on_abort: hold
        approval: every_wave
        false_alarm: 5%
        waves: [1, 50%]
        max_unavailable: 25%
        max_failures: 2
        baseline: 0s
        wave_burn_in: 1m
        soak: 30m
        warm_up: 2m30s
        """)
    ).policy
    #expect(policy?.onFail == .halt)
    #expect(policy?.onInconclusive == .promote)
    #expect(policy?.onNoData == .halt)
    #expect(policy?.onAbort == .hold)
    #expect(policy?.approval == .everyWave)
    #expect(policy?.falseAlarm == 0.05)
    #expect(policy?.waves == [.count(1), .percent(50)])
    #expect(policy?.maxUnavailable == .percent(25))
    #expect(policy?.maxFailures == 2)
    #expect(policy?.baseline == .zero)
    #expect(policy?.waveBurnIn == .minutes(1))
    #expect(policy?.soak == .minutes(30))
    #expect(policy?.warmUp == .seconds(150))
  }

  @Test func oneBoundOfTheBurnInMovesTheOther() {
    let short = PolicySample.parse(PolicySample.with("burn_in: {max: 5m}")).policy?.burnIn
    #expect(short == BurnInPolicy(min: .minutes(5), max: .minutes(5), untilRequests: nil))
    let long = PolicySample.parse(PolicySample.with("burn_in: {min: 3h}")).policy?.burnIn
    #expect(long == BurnInPolicy(min: .minutes(180), max: .minutes(180), untilRequests: nil))
  }

  @Test func withoutAWayBackNothingRollsBackByDefault() {
    let policy = PolicySample.parse(PolicySample.with("rollback: forward_only")).policy
    #expect(policy?.rollback == .forwardOnly)
    #expect(policy?.onFail == .halt)
    #expect(policy?.onAbort == .hold)
  }
}

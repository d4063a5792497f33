import Foundation
import HostProtocol
import RolloutCore
import Testing

@Suite struct StepTests {
  @Test(arguments: HostShell.installed) func stagesAndActivatesARelease(shell: HostShell) throws {
    let host = try TestHost(shell)
    #expect(try host.inspect().releases.isEmpty)
    #expect(!host.exists(""))
    let artifact = try release("2.0")
    try host.write("secret\n", to: "shared/etc/.env")
    let staging = host.staging("2.0", artifact, sharedDirectories: ["log", "var/tmp"], sharedFiles: ["etc/.env"])
    #expect(try host.perform(staging, body: artifact) == .succeeded)
    #expect(try host.inspect().current == nil)
    let activation = host.activation("2.0", restart: ["sh", "-c", "cat VERSION >../../restarted; echo é >>log/out"])
    #expect(try host.perform(activation) == .succeeded)
    #expect(host.text("restarted") == "2.0\n")
    #expect(host.text("shared/log/out") == "é\n")
    #expect(host.text("current/etc/.env") == "secret\n")
    let report = try host.inspect(host.key(.activate))
    #expect(report.current == "2.0")
    #expect(report.releases == [.init(version: "2.0", digest: sha256(artifact))])
    #expect(report.fence == activation.fence)
    #expect(report.step == .finished(.succeeded))
    #expect(report.freeBytes > 0)
    #expect(host.list(".canary/incoming").isEmpty)
    let mode = try FileManager.default.attributesOfItem(atPath: host.directory + "/.canary")[.posixPermissions]
    #expect(mode as? Int == 0o700)
  }

  @Test(arguments: HostShell.installed) func answersARepeatFromTheLedger(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    let hook = ["sh", "-c", "echo ran >>../../count; echo why; exit 3"]
    var command = host.command(.drain, .run(argv: hook, timeout: .seconds(10)))
    let first = try host.perform(command)
    #expect(first.failure == "the drain command exited 3; its output ends: why")
    #expect(try host.perform(command) == first)
    #expect(host.text("count") == "ran\n")
    command.fence = Fence(epoch: 9, step: 1)
    #expect(try host.perform(command) == first)
    #expect(try host.inspect().fence == command.fence)
    command.fence = Fence(epoch: 1, step: 0)
    #expect(try host.perform(command) == first)
    #expect(try host.inspect().fence == Fence(epoch: 9, step: 1))
    #expect(host.text("count") == "ran\n")
  }

  @Test(arguments: HostShell.installed) func refusesALowerFence(shell: HostShell) throws {
    let host = try TestHost(shell)
    host.epoch = 7
    try host.deploy("1.0")
    let current = try #require(try host.inspect().fence)
    let before = try host.snapshot()
    host.epoch = 6
    host.rollout = "r-straggler"
    let artifact = try release("2.0")
    #expect(try host.perform(host.staging("2.0", artifact), body: artifact) == .refused(current: current))
    #expect(try host.perform(host.activation("1.0", attempt: 2, restart: ["false"])) == .refused(current: current))
    let hook = host.command(.drain, .run(argv: ["touch", host.root + "/ran"], timeout: .seconds(1)))
    #expect(try host.perform(hook) == .refused(current: current))
    #expect(try host.inspect(host.key(.drain)).step == .absent)
    #expect(try host.snapshot() == before)
  }

  @Test(arguments: HostShell.installed) func reportsHowACommandEnds(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    func run(_ attempt: Int, _ argv: [String], limit: TimeSpan = .seconds(20)) throws -> String? {
      try host.perform(host.activation("1.0", attempt: attempt, restart: argv, timeout: limit)).failure
    }
    #expect(try run(2, ["sh", "-c", "exit 7"]) == "the restart command exited 7")
    #expect(
      try run(3, ["/nonexistent/program"])?.hasPrefix(
        "the restart command could not be started: /nonexistent/program is not found") == true)
    #expect(
      try run(4, ["sleep", "300"], limit: .milliseconds(300))?.hasPrefix(
        "the restart command ran longer than its limit of 1 s and was stopped") == true)
    #expect(
      try run(5, ["printf", #"\377\376 ok\033[2J\n"#]) == nil)
    let noise = try run(6, ["sh", "-c", #"printf '\377 bad\033[2J\n'; exit 1"#])
    #expect(noise == "the restart command exited 1; its output ends: \u{fffd} bad [2J")
  }

  @Test(arguments: HostShell.installed) func doesNotWaitForADaemonThatKeepsItsOutputOpen(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    let daemon =
      "(trap 'exit 0' TERM; echo up; while :; do read -r line <../../stop && exit 0; done) & echo $! >../../pid"
    try run(["mkfifo", host.directory + "/stop"])
    #expect(try host.perform(host.activation("1.0", attempt: 2, restart: ["sh", "-c", daemon])) == .succeeded)
    let pid = try #require(host.text("pid").flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) })
    #expect(kill(pid, 0) == 0)
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd")
    #expect(Set(descriptors).subtracting(["10", "255"]) == ["0", "1", "2"])
    #expect(try host.perform(host.command(.undrain, .run(argv: ["true"], timeout: .seconds(5)))) == .succeeded)
    try run(["sh", "-c", "echo stop >\"$1\"", "sh", host.directory + "/stop"])
    #expect(eventually { kill(pid, 0) != 0 })
  }

  @Test(arguments: HostShell.installed) func runsArgumentsAsTheyAre(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    let hostile = [
      "$(touch x)", "`touch x`", "; touch x", "a\tb", "  lead", "trail  ", "'", "\"", "\\", "\\n", "*", "end",
      "request run", "é\u{1f600}", "-n", "", "%s", "!x", "~",
    ]
    let result = try host.ask(
      .check(["printf", "<%s>"] + hostile, timeout: .seconds(10), directory: host.directory)
    ).checkResult()
    #expect(result.exitStatus == 0)
    #expect(result.output == hostile.map { "<\($0)>" }.joined().replacingOccurrences(of: "\t", with: " "))
    #expect(host.list("current") == ["VERSION", "bin", "gr\u{fc}n", "latest", ".canary-release"].sorted())
  }

  /// The command takes the ledger away under the script, which then has nowhere to keep the outcome.
  @Test func saysNoSuccessThatItCannotKeep() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    let steps = host.directory + "/.canary/steps"
    let outcome = try host.perform(host.activation("1.0", attempt: 2, restart: ["rm", "-rf", steps]))
    guard case .unanswered(let detail) = outcome else {
      Issue.record("an outcome that is kept nowhere: \(outcome)")
      return
    }
    #expect(detail.contains("cannot keep that"))
    let failure = try host.perform(
      host.activation("1.0", attempt: 3, restart: ["sh", "-c", "rm -rf \"$1\"; exit 3", "sh", steps])
    ).failure
    #expect(failure?.hasPrefix("the restart command exited 3; the host cannot keep that") == true)
  }

  @Test func checksChangeNothingAndKeepTheirOwnEnd() throws {
    let host = try TestHost()
    let failed = try host.ask(.check(["sh", "-c", "echo no; exit 4"], timeout: .seconds(10))).checkResult()
    #expect(failed == CheckResult(exitStatus: 4, hasTimedOut: false, output: "no\n"))
    let slow = try host.ask(.check(["sleep", "300"], timeout: .seconds(1))).checkResult()
    #expect(slow.exitStatus == 124 && slow.hasTimedOut)
    #expect(!host.exists(""))
  }

  @Test func aDroppedConnectionLetsTheStepFinish() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    try run(["mkfifo", host.directory + "/go", host.directory + "/there"])
    let command = host.activation("1.0", attempt: 2, restart: ["sh", "-c", "echo >../../there; read -r x <../../go"])
    let child = try host.start()
    child.write(try HostRequest.perform(command).bytes)
    try run(["cat", host.directory + "/there"])
    child.closeInput()
    child.closeOutput()
    child.kill(SIGHUP)
    #expect(try host.inspect(command.key).step == .running)
    try run(["sh", "-c", "echo >\"$1\"", "sh", host.directory + "/go"])
    #expect(try host.inspect(command.key, wait: .seconds(30)).step == .finished(.succeeded))
    child.waitForExit()
  }

  @Test func servesSeveralRequestsInOneProcess() throws {
    let host = try TestHost()
    let check = try HostRequest.check(["true"], timeout: .seconds(5))
    let inspect = try HostRequest.inspect(service: "checkout", directory: host.directory)
    let child = try host.start()
    child.write(check.bytes + inspect.bytes + check.bytes)
    child.closeInput()
    #expect(try TestHost.responses(in: child.finish().output).map(\.status) == ["ok", "ok", "ok"])
  }

  @Test(arguments: ["", "relative", "/srv/../etc", "/", "/srv/", "/srv//x", "/srv/./x", "/a\u{7}b"])
  func refusesADirectoryThatIsNotPlain(directory: String) throws {
    let host = try TestHost()
    #expect(throws: HostAnswerFailure.self) {
      try host.ask(.inspect(service: "checkout", directory: directory)).report()
    }
  }

  @Test(arguments: ["..", "../x", ".hidden", "-rf", "a/b", "a b", "", "a\u{1b}", "$(id)"])
  func refusesAVersionThatIsNoName(version: String) throws {
    let host = try TestHost()
    let outcome = try host.perform(host.activation(Version(version), restart: ["true"]))
    #expect(outcome.failure?.contains("version") == true)
    #expect(!host.exists(""))
  }
}

extension TimeSpan {
  static func milliseconds(_ n: Int64) -> Self { Self(milliseconds: n) }
}

import Foundation
import HostProtocol
import RolloutCore
import Testing

/// kill -9 of the script in the middle of every step: `current` keeps naming a complete release, and a repeat of the
/// same key converges.
@Suite struct KillTests {
  @Test(arguments: HostShell.installed) func aKilledCommandIsInterruptedAndRunsAgain(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    try run(["mkfifo", host.directory + "/there", host.directory + "/go"])
    let hook = ["sh", "-c", "echo ran >>../../count; echo >../../there; read -r x <../../go; echo done >>../../count"]
    let command = host.command(.drain, .run(argv: hook, timeout: .seconds(60)))
    let first = try host.start()
    first.write(try HostRequest.perform(command).bytes)
    try run(["cat", host.directory + "/there"])
    first.kill()
    first.waitForExit()
    // The command lives on, and so does its lock.
    #expect(try host.inspect(command.key).step == .running)
    let wake = ["sh", "-c", "echo >\"$1\"", "sh", host.directory + "/go"]
    try run(wake)
    #expect(try host.inspect(command.key, wait: .seconds(30)).step == .interrupted)
    #expect(host.text("count") == "ran\ndone\n")
    let second = try host.start()
    second.feed(try HostRequest.perform(command).bytes)
    try run(["cat", host.directory + "/there"])
    try run(wake)
    #expect(try TestHost.responses(in: second.finish().output).map(\.outcome) == [.succeeded])
    #expect(host.text("count") == "ran\ndone\nran\ndone\n")
    #expect(try host.perform(command) == .succeeded)
    #expect(host.text("count") == "ran\ndone\nran\ndone\n")
  }

  @Test(arguments: HostShell.installed) func aKilledUploadLeavesNothingThatCounts(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    host.rollout = "r-2"
    let artifact = try release("2.0")
    let staging = host.staging("2.0", artifact)
    let child = try host.start()
    child.write(try HostRequest.perform(staging, artifactSize: Int64(artifact.count)).bytes + artifact.dropLast(5))
    #expect(eventually { !host.list(".canary/incoming").isEmpty })
    child.kill()
    child.waitForExit()
    #expect(try host.inspect(staging.key).step == .absent)
    #expect(try host.perform(staging, body: artifact) == .succeeded)
    #expect(eventually { host.list(".canary/incoming").isEmpty })
    #expect(try host.inspect(staging.key).step == .finished(.succeeded))
  }

  /// Programs that change something, each replaced by one that counts its calls and kills the script at the nth.
  static let killers = ["mkdir", "mv", "sync", "tar", "ln", "chmod"]

  @Test(arguments: ["stage", "activate"]) func survivesAKillBeforeEachChange(verb: String) throws {
    var kills = 0
    for call in 1... {
      let host = try TestHost(.dash)
      try host.deploy("1.0")
      host.rollout = "r-2"
      let artifact = try release("2.0")
      if verb == "activate" {
        try #require(try host.perform(host.staging("2.0", artifact), body: artifact) == .succeeded)
      }
      let command = verb == "stage" ? host.staging("2.0", artifact) : host.activation("2.0", restart: ["true"])
      let body = verb == "stage" ? artifact : []
      guard try perform(command, body: body, on: host, killedAt: call) else { break }
      kills += 1
      let report = try host.inspect(command.key, wait: .seconds(30))
      #expect([nil, "1.0", "2.0"].contains(report.current) && report.current != nil, "\(verb) \(call)")
      #expect(host.text("current/VERSION") == report.current.map { "\($0)\n" }, "\(verb) \(call)")
      #expect(report.step != .running, "\(verb) \(call)")
      for staged in report.releases {
        #expect(host.text("releases/\(staged.version)/bin/version") == "\(staged.version)\n", "\(verb) \(call)")
      }
      #expect(try host.perform(command, body: body) == .succeeded, "\(verb) \(call)")
      let healed = try host.inspect(command.key)
      #expect(healed.holds("2.0") && healed.step == .finished(.succeeded), "\(verb) \(call)")
      #expect(healed.current == (verb == "stage" ? "1.0" : "2.0"), "\(verb) \(call)")
      #expect(host.list("releases") == ["1.0", "2.0"], "\(verb) \(call)")
      #expect(host.list(".canary/incoming").isEmpty, "\(verb) \(call)")
    }
    #expect(kills >= (verb == "stage" ? 15 : 10))
  }

  /// False when the step had fewer than `call` changes and so came to its end.
  private func perform(_ command: HostCommand, body: [UInt8], on host: TestHost, killedAt call: Int) throws -> Bool {
    let tools = host.root + "/killers"
    try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
    for tool in Self.killers {
      let script = """
        #!/bin/dash
        echo >>"\(tools)/calls"
        if [ "$(wc -l <"\(tools)/calls")" -eq \(call) ]; then kill -9 "$(cat "\(tools)/pid")"; exit 1; fi
        PATH=\(host.path) exec \(tool) "$@"
        """
      try Data(script.utf8).write(to: URL(fileURLWithPath: tools + "/" + tool))
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: tools + "/" + tool)
    }
    let child = try host.start(environment: ["PATH": tools + ":" + host.path])
    try Data("\(child.pid)\n".utf8).write(to: URL(fileURLWithPath: tools + "/pid"))
    child.feed(try HostRequest.perform(command, artifactSize: Int64(body.count)).bytes + body)
    _ = try child.finish()
    return child.waitForExit() == 128 + SIGKILL
  }
}

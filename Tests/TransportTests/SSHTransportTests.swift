import FoundationEssentials
import Glibc
import RolloutCore
import RolloutEngine
import TestKit
import Testing
import Transports

/// What is ssh's own: connections, host keys, diagnoses.
@Suite(.enabled(if: LoopbackSSHD.program != nil, "no sshd here: install openssh-server"))
struct SSHTransportTests {
  private func outcome(_ transport: SSHTransport, _ instance: Instance, directory: String = "/nonexistent") async
    -> Outcome
  {
    let command = HostCommand(
      key: StepKey(rollout: "r1", host: instance.id, step: .drain, attempt: 1), fence: Fence(epoch: 1, step: 1),
      service: "checkout", directory: directory, action: .run(argv: ["true"], timeout: .seconds(30)))
    let outcome = await transport.perform(command, on: instance)
    await transport.close()
    return outcome
  }

  private func expectNotSent(
    _ outcome: Outcome, saying parts: String..., at location: SourceLocation = #_sourceLocation
  ) {
    guard case .notSent(let detail) = outcome else {
      Issue.record("expected not sent: \(outcome)", sourceLocation: location)
      return
    }
    for part in parts { #expect(detail.contains(part), "\(detail)", sourceLocation: location) }
  }

  private let host = Instance(id: "web1", address: "127.0.0.1")

  @Test func oneConnectionForAWholeRollout() async throws {
    try await Bench.with(.ssh) { bench in
      let sshd = try #require(bench.sshd)
      let artifact = try await bench.artifact()
      #expect(await bench.stage(artifact) == .succeeded)
      #expect(await bench.run(["true"]) == .succeeded)
      async let staged = bench.stage(artifact, version: "1.1", attempt: 2, fence: Fence(epoch: 1, step: 8))
      async let checked = bench.transport.check(["true"], timeout: .seconds(30), on: bench.instance)
      async let report = bench.inspect()
      #expect(await staged == .succeeded)
      #expect(try await checked.get().exitStatus == 0)
      #expect(try await report.holds("1.0"))
      #expect(await bench.activate([], fence: Fence(epoch: 1, step: 9)) == .succeeded)
      #expect(await sshd.acceptedConnections == 1)
    }
  }

  @Test func aServerThatRefusesSharingIsServedAllTheSame() async throws {
    try await TemporaryDirectory.with { root in
      try await LoopbackSSHD.with(
        environment: ["HOME": root.directory("home")], configuration: ["MaxSessions 1"]
      ) { sshd in
        let transport = SSHTransport(policy: sshd.policy)
        for _ in 0..<2 {
          let result = await transport.check(["echo", "here"], timeout: .seconds(30), on: host)
          #expect(result == .success(CommandResult(exitStatus: 0, output: "here\n")))
        }
        await transport.close()
      }
    }
  }

  @Test func aLostConnectionIsMadeAgain() async throws {
    try await Bench.with(.ssh) { bench in
      let sshd = try #require(bench.sshd)
      #expect(await bench.run(["true"]) == .succeeded)
      await sshd.killConnections()
      #expect(await eventually { (try? await bench.inspect()) != nil })
      #expect(await bench.run(["true"], fence: Fence(epoch: 1, step: 5), attempt: 2) == .succeeded)
      #expect(await sshd.acceptedConnections == 2)
    }
  }

  @Test func aKilledClientLeavesNothingInTheWayOfSharing() async throws {
    try await Bench.with(.ssh) { bench in
      let sshd = try #require(bench.sshd)
      #expect(await bench.run(["true"]) == .succeeded)
      let clients = descendants(of: getpid()).filter { commandLine(of: $0).contains(sshd.directory.path("ssh_config")) }
      #expect(clients.count == 1)
      for client in clients { kill(client, SIGKILL) }
      #expect(await eventually { (try? await bench.inspect()) != nil })
      for _ in 0..<2 { #expect(try await bench.check(["true"]).exitStatus == 0) }
      #expect(await sshd.acceptedConnections == 2)
    }
  }

  @Test func thirtyHostsAtOnce() async throws {
    try await TemporaryDirectory.with { root in
      try await LoopbackSSHD.with(environment: ["HOME": root.directory("home")]) { sshd in
        let transport = SSHTransport(policy: sshd.policy)
        await withTaskGroup(of: Result<HostReport, Unreachable>.self) { group in
          for number in 0..<30 {
            let instance = Instance(id: HostID("web\(number)"), address: "127.0.0.1")
            let directory = root.path("srv\(number)")
            group.addTask {
              await transport.inspect(instance, service: "checkout", directory: directory, step: nil)
            }
          }
          for await result in group {
            if case .failure(let failure) = result { Issue.record("\(failure.detail)") }
          }
        }
        #expect(await sshd.acceptedConnections == 30)
        await transport.close()
      }
    }
  }

  @Test func aClosedPortIsRefused() async throws {
    try await LoopbackSSHD.with { sshd in
      var policy = sshd.policy
      policy.port = try await FreePort.next()
      expectNotSent(await outcome(SSHTransport(policy: policy), host), saying: "connection refused", "is sshd running")
    }
  }

  @Test func aHostThatNeverGreetsIsGivenUp() async throws {
    try await LoopbackSSHD.with { sshd in
      var policy = sshd.policy
      policy.connectTimeout = .seconds(1)
      let silent = try SilentListener()
      policy.port = silent.port
      expectNotSent(await outcome(SSHTransport(policy: policy), host), saying: "127.0.0.1")
      silent.close()
    }
  }

  @Test func aNameWithoutAnAddressIsSaid() async throws {
    try await LoopbackSSHD.with { sshd in
      let nowhere = Instance(id: "web1", address: "no-such-host.invalid")
      expectNotSent(
        await outcome(SSHTransport(policy: sshd.policy), nowhere), saying: "no address", "no-such-host.invalid")
    }
  }

  @Test func anUnknownHostKeyIsRefused() async throws {
    try await LoopbackSSHD.with { sshd in
      try sshd.directory.file("known_hosts", "")
      expectNotSent(
        await outcome(SSHTransport(policy: sshd.policy), host), saying: "unknown",
        "ssh-keyscan -p \(sshd.port) 127.0.0.1")
      #expect(await sshd.acceptedConnections == 0)
      #expect(contents(of: sshd.directory.path("known_hosts")) == "")
    }
  }

  @Test func aChangedHostKeyIsRefused() async throws {
    try await LoopbackSSHD.with { sshd in
      try await sshd.rotateHostKey()
      let fingerprint = try await runOrThrow(["ssh-keygen", "-lf", sshd.directory.path("host_key.pub")])
        .split(separator: " ")[1]
      expectNotSent(
        await outcome(SSHTransport(policy: sshd.policy), host), saying: "changed", String(fingerprint),
        "ssh-keygen -f \(sshd.directory.path("known_hosts")) -R '[127.0.0.1]:\(sshd.port)'", "ssh-keyscan")
      #expect(await sshd.acceptedConnections == 0)
    }
  }

  @Test func aLoginThatIsRefusedSaysWhatToTry() async throws {
    try await LoopbackSSHD.with { sshd in
      try sshd.directory.file("authorized_keys", "")
      expectNotSent(
        await outcome(SSHTransport(policy: sshd.policy), host), saying: "refuses the login", "authorized_keys")
    }
  }

  @Test func thePolicysOwnFilesAreUsed() async throws {
    try await TemporaryDirectory.with { root in
      try await LoopbackSSHD.with(environment: ["HOME": root.directory("home")]) { sshd in
        let files = try root.directory("with \"space\" 100% $x")
        for name in ["id", "known_hosts"] {
          try await runOrThrow(["cp", "-p", sshd.directory.path(name), files + "/" + name])
        }
        let user = try await runOrThrow(["id", "-un"]).split(separator: "\n")[0]
        let policy = SSHPolicy(
          user: String(user), configFile: try root.file("config", "Host *\nIdentitiesOnly yes\nIdentityAgent none\n"),
          identityFile: files + "/id", knownHostsFile: files + "/known_hosts")
        let instance = Instance(id: "web1", address: "127.0.0.1", sshPort: sshd.port)
        #expect(await outcome(SSHTransport(policy: policy), instance, directory: root.path("srv")) == .succeeded)
      }
    }
  }

  @Test(arguments: [
    "-oProxyCommand=touch x", "", "a b", "a;b", "$(id)", "-v", "user@-oProxyCommand=x", "a\nb", "user@",
  ])
  func aHostIsNeverAnOption(_ address: String) async throws {
    let transport = SSHTransport(policy: SSHPolicy(), program: "/nonexistent/ssh")
    expectNotSent(await outcome(transport, Instance(id: "web1", address: address)), saying: "is not a host name")
  }

  @Test func aMissingClientIsSaid() async throws {
    let transport = SSHTransport(policy: SSHPolicy(), program: "/nonexistent/ssh")
    expectNotSent(await outcome(transport, host), saying: "/nonexistent/ssh")
  }

  @Test func junkBeforeTheGreetingIsSkipped() async throws {
    try await TemporaryDirectory.with { root in
      let home = try root.directory("home")
      let noisy = "#!/bin/sh\necho 'Welcome!'; printf '\\377\\n'; exec sh -c \"$SSH_ORIGINAL_COMMAND\"\n"
      let shell = try root.file("noisy", noisy, executable: true)
      try await LoopbackSSHD.with(environment: ["HOME": home], configuration: ["ForceCommand \(shell)"]) { sshd in
        #expect(await outcome(SSHTransport(policy: sshd.policy), host, directory: root.path("srv")) == .succeeded)
      }
      let useless = try root.file("useless", "#!/bin/sh\necho 'This account is closed.'\n", executable: true)
      try await LoopbackSSHD.with(environment: ["HOME": home], configuration: ["ForceCommand \(useless)"]) { sshd in
        expectNotSent(await outcome(SSHTransport(policy: sshd.policy), host), saying: "This account is closed.")
      }
    }
  }
}

import ChildProcesses
import Glibc
import HostProtocol
import RolloutCore
import TestKit
import Testing

@testable import Transports

/// Hosts that misbehave, played by small scripts.
@Suite struct HostSessionTests {
  /// Starts `script` in place of the host's.
  private struct Actor: HostLauncher {
    let script: String
    var isRemote = true
    var openTimeout = Duration.seconds(30)
    var sessionCommand: ProcessCommand { ProcessCommand(["sh", "-c", script]) }
    var channelCommand: ProcessCommand { sessionCommand }
    func clearTheWay() {}
    func explain(status: ProcessStatus?, errorOutput: String) -> String { "ended: \(errorOutput)" }
  }

  private func session(_ launcher: Actor) -> HostSession {
    HostSession(launcher: launcher, connecting: AsyncSemaphore(permits: 1))
  }

  private func inspection() throws -> HostRequest { try .inspect(service: "checkout", directory: "/srv") }

  private static let greeting = "echo 'canary-host 1 boot'; "
  private static let readRequest = "while read -r l && [ \"$l\" != end ]; do :; done; "

  @Test func anAnswerThatDoesNotComeIsNotWaitedForForEver() async throws {
    try await TemporaryDirectory.with { directory in
      // Silent the first time, as it should be from the second.
      let file = directory.path("second")
      let host = session(
        Actor(
          script: Self.greeting + Self.readRequest
            + "[ -e \(file) ] || { : >\(file); trap '' TERM; while :; do sleep 100; done; }; "
            + "echo 'status ok'; echo end; cat >/dev/null"))
      guard case .unanswered(let detail) = await host.exchange(try inspection(), within: .milliseconds(500)) else {
        Issue.record("an answer from a silent host")
        return
      }
      #expect(detail.contains("no answer within"))
      guard case .answered(let response) = await host.exchange(try inspection(), within: .seconds(60)) else {
        Issue.record("the silent connection was not replaced")
        return
      }
      #expect(response.status == "ok")
      await host.close()
    }
  }

  @Test(arguments: ["echo nonsense", "echo end", "echo 'status ok'; exit", "head -c 100000 /dev/zero | tr '\\0' x"])
  func garbageIsNoAnswer(_ answer: String) async throws {
    let host = session(Actor(script: Self.greeting + Self.readRequest + answer + "; cat >/dev/null"))
    guard case .unanswered = await host.exchange(try inspection(), within: .seconds(2)) else {
      Issue.record("an answer out of garbage")
      return
    }
    await host.close()
  }

  @Test(arguments: [
    "exit 0", "echo hello; echo why >&2; exit 1", "sleep 1000", "yes", "echo 'canary-host 2 boot'; cat",
  ])
  func withoutAGreetingNothingIsSent(_ script: String) async throws {
    var launcher = Actor(script: script)
    launcher.openTimeout = .milliseconds(1500)
    let host = session(launcher)
    guard case .notSent(let detail) = await host.exchange(try inspection(), within: .seconds(60)) else {
      Issue.record("sent to a host that never greeted")
      return
    }
    if script.contains("why") { #expect(detail.contains("why") && detail.contains("hello"), "\(detail)") }
    await host.close()
  }

  @Test func anUnaskedAnswerIsNotTakenForTheNext() async throws {
    try await TemporaryDirectory.with { directory in
      let file = directory.path("second")
      // Both in one write, so that they come in one piece.
      let first = ": >\(file); printf 'status ok\\nend\\nstatus stray\\nend\\n'; cat >/dev/null"
      let host = session(
        Actor(
          script: Self.greeting + Self.readRequest
            + "if [ -e \(file) ]; then echo 'status second'; echo end; cat >/dev/null; else \(first); fi"))
      _ = await host.exchange(try inspection(), within: .seconds(60))
      guard case .answered(let response) = await host.exchange(try inspection(), within: .seconds(60)) else {
        Issue.record("no second answer")
        return
      }
      #expect(response.status == "second")
      await host.close()
    }
  }

  @Test(arguments: ["end", "end r1/web1/drain/2 1.1", "end r1/web1/drain/1 1.2"])
  func successOfAnotherStepIsNone(_ end: String) async throws {
    let command = HostCommand(
      key: StepKey(rollout: "r1", host: "web1", step: .drain, attempt: 1), fence: Fence(epoch: 1, step: 1),
      service: "checkout", directory: "/srv", action: .run(argv: ["true"], timeout: .seconds(60)))
    let answer = Self.greeting + Self.readRequest + "echo 'status succeeded'; "
    let wrong = session(Actor(script: answer + "echo '\(end)'; cat >/dev/null"))
    guard case .unanswered = await wrong.perform(command) else {
      Issue.record("`\(end)` passes for the end of an answer to \(command.key) under \(command.fence)")
      return
    }
    await wrong.close()
    let right = session(Actor(script: answer + "echo 'end r1/web1/drain/1 1.1'; cat >/dev/null"))
    #expect(await right.perform(command) == .succeeded)
    await right.close()
  }

  @Test func requestsAreAnsweredInTheirOrder() async throws {
    let host = session(
      Actor(
        script: Self.greeting + "n=0; while read -r l; do [ \"$l\" = end ] || continue; n=$((n+1)); "
          + "echo \"status n$n\"; echo end; done"))
    await withTaskGroup(of: String.self) { group in
      for _ in 0..<50 {
        group.addTask {
          guard let request = try? inspection(),
            case .answered(let response) = await host.exchange(request, within: .seconds(60))
          else { return "" }
          return response.status
        }
      }
      var statuses: Set<String> = []
      for await status in group { statuses.insert(status) }
      #expect(statuses == Set((1...50).map { "n\($0)" }))
    }
    await host.close()
  }

  @Test func afterItsEndASessionSendsNothing() async throws {
    let host = session(Actor(script: Self.greeting + "cat >/dev/null"))
    await host.close()
    guard case .notSent = await host.exchange(try inspection(), within: .seconds(60)) else {
      Issue.record("sent after the end")
      return
    }
  }

  /// Greets after a line in `go`, says before that that it waits for one, and counts the requests that come.
  private func slow(_ directory: TemporaryDirectory) throws -> Actor {
    guard mkfifo(directory.path("go"), 0o600) == 0 else { throw FixtureFailure("mkfifo: errno \(errno)") }
    return Actor(
      script: "cd \(directory.path); : >waiting; read -r line <go; " + Self.greeting
        + "while read -r l; do case $l in request*) echo \"$l\" >>requests ;; end) echo 'status ok'; echo end ;; "
        + "esac; done")
  }

  private func letGo(_ directory: TemporaryDirectory) throws -> Int32 {
    let descriptor = open(directory.path("go"), O_RDWR | O_CLOEXEC)
    guard descriptor >= 0, write(descriptor, "go\n", 3) == 3 else { throw FixtureFailure("go: errno \(errno)") }
    return descriptor
  }

  @Test func aCallerCancelledWhileConnectingSendsNothing() async throws {
    try await TemporaryDirectory.with { directory in
      let host = session(try slow(directory))
      let command = HostCommand(
        key: StepKey(rollout: "r1", host: "web1", step: .drain, attempt: 1), fence: Fence(epoch: 1, step: 1),
        service: "checkout", directory: "/srv", action: .run(argv: ["true"], timeout: .seconds(60)))
      let caller = Task { await host.perform(command) }
      #expect(await eventually { contents(of: directory.path("waiting")) != nil })
      caller.cancel()
      guard case .notSent = await caller.value else {
        Issue.record("sent for a caller that had gone")
        return
      }
      let descriptor = try letGo(directory)
      defer { close(descriptor) }
      guard case .answered = await host.exchange(try inspection(), within: .seconds(60)) else {
        Issue.record("the connection is of no use after that")
        return
      }
      #expect(contents(of: directory.path("requests")) == "request inspect\n")
      await host.close()
    }
  }

  @Test func aStageCancelledWhileConnectingDoesNotBegin() async throws {
    try await TemporaryDirectory.with { directory in
      let host = session(try slow(directory))
      try directory.file("artifact", String(repeating: "x", count: 1 << 20))
      let staging = HostCommand.Staging(
        version: "1.0", digest: "", artifact: directory.path("artifact"), sharedDirectories: [], sharedFiles: [],
        keep: 3, protect: [])
      let command = HostCommand(
        key: StepKey(rollout: "r1", host: "web1", step: .stage, attempt: 1), fence: Fence(epoch: 1, step: 1),
        service: "checkout", directory: "/srv", action: .stage(staging))
      let caller = Task { await host.perform(command) }
      #expect(await eventually { contents(of: directory.path("waiting")) != nil })
      caller.cancel()
      guard case .notSent = await caller.value else {
        Issue.record("begun for a caller that had gone")
        return
      }
      let descriptor = try letGo(directory)
      defer { close(descriptor) }
      _ = await host.exchange(try inspection(), within: .seconds(60))
      #expect(contents(of: directory.path("requests")) == "request inspect\n")
      await host.close()
    }
  }

  @Test func aCancelledUploadIsCut() async throws {
    try await TemporaryDirectory.with { directory in
      let size = 8 << 20
      // Takes a part of the upload, and the rest when the upload has been cancelled.
      guard mkfifo(directory.path("go"), 0o600) == 0 else { throw FixtureFailure("mkfifo: errno \(errno)") }
      let host = session(
        Actor(
          script: "cd \(directory.path); " + Self.greeting
            + "if [ -e second ]; then head -c 100000 >/dev/null; : >uploading; read -r line <go; wc -c >rest.new; "
            + "mv rest.new rest; else : >second; cat >/dev/null; fi", isRemote: false))
      try directory.file("artifact", String(repeating: "x", count: size))
      let staging = HostCommand.Staging(
        version: "1.0", digest: "", artifact: directory.path("artifact"), sharedDirectories: [], sharedFiles: [],
        keep: 3, protect: [])
      let command = HostCommand(
        key: StepKey(rollout: "r1", host: "web1", step: .stage, attempt: 1), fence: Fence(epoch: 1, step: 1),
        service: "checkout", directory: "/srv", action: .stage(staging))
      let caller = Task { await host.perform(command) }
      #expect(await eventually { contents(of: directory.path("uploading")) != nil })
      caller.cancel()
      _ = await caller.value
      let descriptor = try letGo(directory)
      defer { close(descriptor) }
      #expect(await eventually { contents(of: directory.path("rest")) != nil })
      let rest = contents(of: directory.path("rest")).flatMap { Int($0.split(separator: "\n")[0]) }
      #expect(try #require(rest) < size - 100_000)
      await host.close()
    }
  }

  @Test func closingWhileConnectingEndsTheConnection() async throws {
    try await TemporaryDirectory.with { directory in
      let file = directory.path("pid")
      let host = session(Actor(script: "echo $$ >\(file).new; mv \(file).new \(file); cat >/dev/null"))
      let request = try inspection()
      async let exchange = host.exchange(request, within: .seconds(60))
      #expect(await eventually { contents(of: file) != nil })
      await host.close()
      guard case .notSent = await exchange else {
        Issue.record("sent without a greeting")
        return
      }
      let child = try #require(contents(of: file).flatMap { Int32($0.split(separator: "\n")[0]) })
      #expect(await eventually { !isRunning(child) })
    }
  }
}

import Glibc
import RolloutCore
import RolloutEngine
import TestKit
import Testing

/// What every transport owes the engine.
@Suite struct TransportContractTests {
  @Test(.enabled(if: LoopbackSSHD.program != nil, "no sshd here: the contract is tested on the local transport only"))
  func sshdIsHere() {
    #expect(Kind.available == Kind.allCases)
  }

  @Test(arguments: Kind.available) func aReleaseIsStagedActivatedAndSeen(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let empty = try await bench.inspect()
      #expect(empty.current == nil && empty.releases.isEmpty && empty.fence == nil && empty.step == nil)
      #expect(empty.freeBytes > 0)
      let artifact = try await bench.artifact()
      #expect(await bench.stage(artifact) == .succeeded)
      #expect(await bench.activate(bench.counting("restarts")) == .succeeded)
      let report = try await bench.inspect(bench.key(.activate))
      #expect(report.current == "1.0")
      #expect(report.releases == [.init(version: "1.0", digest: artifact.digest)])
      #expect(report.fence == Fence(epoch: 1, step: 2))
      #expect(report.step == .finished(.succeeded))
      #expect(contents(of: bench.directory + "/current/app.txt") == "hello\n")
    }
  }

  @Test(arguments: Kind.available) func aRepeatedKeyHasOneEffect(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let artifact = try await bench.artifact()
      for _ in 0..<2 { #expect(await bench.stage(artifact) == .succeeded) }
      for _ in 0..<3 { #expect(await bench.activate(bench.counting("restarts")) == .succeeded) }
      await bench.transport.close()
      #expect(await bench.activate(bench.counting("restarts")) == .succeeded)
      #expect(bench.count("restarts") == 1)
      #expect(await bench.activate(bench.counting("restarts"), attempt: 2) == .succeeded)
      #expect(bench.count("restarts") == 2)
    }
  }

  @Test(arguments: Kind.available) func aLowerFenceIsRefused(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let artifact = try await bench.artifact()
      #expect(await bench.stage(artifact, fence: Fence(epoch: 5, step: 7)) == .succeeded)
      let refused = Outcome.refused(current: Fence(epoch: 5, step: 7))
      #expect(await bench.activate(bench.counting("restarts"), fence: Fence(epoch: 4, step: 9)) == refused)
      #expect(await bench.stage(artifact, attempt: 2, fence: Fence(epoch: 5, step: 6)) == refused)
      #expect(try await bench.inspect().current == nil)
      #expect(bench.count("restarts") == 0)
    }
  }

  @Test(arguments: Kind.available) func aHalfStagedReleaseIsHealed(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let artifact = try await bench.artifact()
      // What a crash may leave: a directory under the release's name that was never completed.
      try bench.root.file("srv/releases/1.0/app.txt", "hel")
      #expect(try await bench.inspect().releases.isEmpty)
      guard case .failed = await bench.activate([]) else {
        Issue.record("activated half a release")
        return
      }
      #expect(await bench.stage(artifact, fence: Fence(epoch: 1, step: 3)) == .succeeded)
      #expect(contents(of: bench.directory + "/releases/1.0/app.txt") == "hello\n")
      #expect(try await bench.inspect().holds("1.0"))
    }
  }

  @Test(arguments: Kind.available) func aWrongDigestIsRefused(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let artifact = try await bench.artifact()
      let wrong = Artifact(path: artifact.path, digest: Digest(String(repeating: "0", count: 64)))
      guard case .failed(let detail) = await bench.stage(wrong) else {
        Issue.record("staged what was not asked for")
        return
      }
      #expect(detail.contains("sha256") || detail.contains("digest"), "\(detail)")
      #expect(try await bench.inspect().releases.isEmpty)
    }
  }

  @Test(arguments: Kind.available) func anArtifactThatIsNotThereIsNotSent(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let missing = Artifact(path: bench.root.path("nowhere.tar.gz"), digest: Digest(String(repeating: "0", count: 64)))
      guard case .notSent(let detail) = await bench.stage(missing) else {
        Issue.record("sent nothing?")
        return
      }
      #expect(detail.contains("nowhere.tar.gz"))
    }
  }

  @Test(arguments: Kind.available) func aLargeArtifactIsStreamed(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      // Random, so that it does not compress: far more than any pipe or window on the way holds.
      try await runOrThrow(["sh", "-c", "head -c 20000000 /dev/urandom >\(bench.root.path("random"))"])
      try bench.root.directory("tree")
      try await runOrThrow(["mv", bench.root.path("random"), bench.root.path("tree/random")])
      let path = bench.root.path("large.tar.gz")
      try await runOrThrow(["tar", "-czf", path, "-C", bench.root.path("tree"), "."])
      let digest = try sha256(ofFile: path)
      #expect(await bench.stage(Artifact(path: path, digest: digest)) == .succeeded)
      let (sent, arrived) = (bench.root.path("tree/random"), bench.directory + "/releases/1.0/random")
      let digests = (try sha256(ofFile: sent), try sha256(ofFile: arrived))
      #expect(digests.0 == digests.1)
    }
  }

  @Test(.enabled(if: getuid() == 0, "only root can mount a small disk"), arguments: Kind.available)
  func aFullDiskIsAnAnswer(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let disk = try bench.root.directory("srv")
      try await runOrThrow(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk])
      do {
        try await runOrThrow(["sh", "-c", "head -c 20000000 /dev/urandom >\(disk)/filler"])
        let artifact = try await bench.artifact()
        guard case .failed(let detail) = await bench.stage(artifact) else {
          throw FixtureFailure("staged on a full disk")
        }
        #expect(detail.contains("16 MB free"), "\(detail)")
        #expect(try await bench.inspect().releases.isEmpty)
        unlink(disk + "/filler")
        #expect(await bench.stage(artifact, attempt: 2, fence: Fence(epoch: 1, step: 2)) == .succeeded)
      } catch {
        await bench.transport.close()
        try await runOrThrow(["umount", "-l", disk])
        throw error
      }
      await bench.transport.close()
      try await runOrThrow(["umount", "-l", disk])
    }
  }

  // MARK: Commands of the policy

  @Test(arguments: Kind.available) func aRestartThatFailsSaysHow(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try await bench.prepare()
      let outcome = await bench.activate(["sh", "-c", #"printf 'bad \377\001 config\n' >&2; exit 3"#])
      guard case .failed(let detail) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(detail.contains("exited 3") && detail.contains("config"), "\(detail)")
      #expect(!detail.unicodeScalars.contains { $0.value < 32 })
      #expect(try await bench.inspect(bench.key(.activate)).step == .finished(outcome))
    }
  }

  @Test(arguments: Kind.available) func aRestartThatHangsIsStopped(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try await bench.prepare()
      let outcome = await bench.activate(["sh", "-c", "while :; do sleep 100; done"], timeout: .seconds(1))
      guard case .failed(let detail) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(detail.contains("limit"), "\(detail)")
    }
  }

  @Test(arguments: Kind.available) func aDaemonWithOpenPipesIsNotWaitedFor(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      try await bench.prepare()
      let file = bench.root.path("pid")
      #expect(await bench.activate(["sh", "-c", "sleep 1000 & echo $! >\(file)"]) == .succeeded)
      await bench.transport.close()
      let daemon = try #require(contents(of: file).flatMap { Int32($0.split(separator: "\n")[0]) })
      #expect(isRunning(daemon), "closing the connection ended the service")
      kill(daemon, SIGKILL)
    }
  }

  @Test(arguments: Kind.available) func argumentsArriveAsTheyAre(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let words = ["", "a b", "$HOME `id` $(id)", "'\"\\", "-n", "*", "é\u{1F600}", "end", "request stage"]
      let result = try await bench.check(["printf", "<%s>"] + words)
      #expect(result == CommandResult(exitStatus: 0, output: words.map { "<\($0)>" }.joined()))
      guard case .failed = await bench.run(["echo", "two\nlines"]) else {
        Issue.record("a line break was sent")
        return
      }
    }
  }

  @Test(arguments: Kind.available) func checksGiveStatusAndOutput(_ kind: Kind) async throws {
    try await Bench.with(kind) { bench in
      let script = #"printf 'odd \377 bytes\n'; echo err >&2; exit 9"#
      let result = try await bench.check(["sh", "-c", script])
      #expect(result.exitStatus == 9)
      #expect(result.output.contains("odd") && result.output.contains("err"))
      let slow = try await bench.check(["sleep", "1000"], timeout: .seconds(1))
      #expect(slow.exitStatus == 124)
      let missing = try await bench.check(["no-such-program"])
      #expect(missing.exitStatus == 127)
    }
  }
}

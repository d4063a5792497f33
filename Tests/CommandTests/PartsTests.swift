import ArgumentParser
import Glibc
import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

func removeFile(_ path: String) throws { try #require(unlink(path) == 0) }

struct PartsTests {
  @Test func `ids sort by time and read well`() {
    var generator = SystemRandomNumberGenerator()
    let at = Timestamp(milliseconds: 1_795_269_792_000)
    let id = RolloutIDs.make(service: "shop", at: at, using: &generator).text
    #expect(id.hasPrefix("shop-20261121-140312-"))
    #expect(id.count == "shop-20261121-140312-k3f9".count)
    #expect(RolloutIDs.make(service: "shop", at: at + .seconds(1)).text > id)
  }

  @Test func `versions fill every hole of an artifact's name`() {
    #expect(Artifact.expand("a/{version}/b-{version}.tgz", "1.0") == "a/1.0/b-1.0.tgz")
    #expect(Artifact.expand("plain", "1.0") == "plain")
    #expect(Artifact.expand("{version", "1.0") == "{version")
  }

  @Test func `paths of a policy are seen from its directory`() {
    #expect(Paths.join("/a", "b/./c") == "/a/b/c")
    #expect(Paths.join("/a", "../c") == "/a/../c")
    #expect(Paths.join("/", "b") == "/b")
    #expect(Paths.join("/a", "/b") == "/b")
    #expect(Paths.directory(of: "/a") == "/" && Paths.name(of: "/x/y.z") == "y.z")
  }

  private func row(_ version: Version, proven: Bool) -> RolloutSummary {
    RolloutSummary(
      id: RolloutID("r-\(version)"), service: "s", release: version, releaseDigest: "d", kind: "release",
      state: "succeeded", isEnded: true, detail: "", startedBy: "t", startedAt: Timestamp(milliseconds: 0),
      endedAt: nil, provenAt: proven ? Timestamp(milliseconds: 1) : nil)
  }

  /// History newest first: versions with whether they are proven; what runs; what rollback chooses.
  @Test(
    arguments: [
      ([("2", true), ("1", true)], ["2", "2"], "1"),
      ([("3", false), ("2", true), ("1", true)], ["3", "2"], "2"),
      ([("3", true), ("2", true), ("1", true)], ["3", "2"], "2"),
      // Rolled back to 2 already: 3 is not the way back.
      ([("2", false), ("3", true), ("2", true), ("1", true)], ["2", "2"], "1"),
      ([("3", false), ("2", true)], ["2", "2"], nil),
      ([("1", true)], ["1"], nil),
      ([("1", false)], [], nil),
      ([("2", true)], [], "2"),
    ] as [([(String, Bool)], [String], String?)])
  func `rollback chooses the last proven version before the present one`(
    history: [(String, Bool)], running: [String], chosen: String?
  ) {
    let rows = history.map { row(Version($0.0), proven: $0.1) }
    #expect(RollbackTarget.choose(rows, running: running.map { Version($0) })?.release.text == chosen)
  }

  @Test func `a release that was stopped after its burn-in is no way back`() {
    var stopped = row("3", proven: true)
    stopped.state = "aborted"
    let rows = [row("4", proven: false), stopped, row("2", proven: true)]
    #expect(RollbackTarget.choose(rows, running: ["4", "4"])?.release == "2")
    #expect(RollbackTarget.choose([stopped], running: ["4"]) == nil)
  }

  /// What is printed for people to type is what the parser takes.
  @Test func `the suggested command lines parse`() throws {
    let phrase = CommandPhrase(rollout: "shop-20261121-140312-k3f9")
    let lines =
      [phrase.skip("web1")] + ["promote", "retry"].map { phrase.verb($0, reason: true) }
      + ["resume", "pause", "explain", "watch"].map { phrase.verb($0) } + [phrase.verb("abort", "--hold")]
    for line in lines {
      let words = line.replacing("'…'", with: "because").split(separator: " ").map(String.init)
      #expect(throws: Never.self, "\(line)") { try CanaryCommand.parseAsRoot(Array(words.dropFirst())) }
    }
  }

  @Test(
    arguments: [
      ("queued", 2, "canary watch r"), ("queued", 60, "canary resume r"), ("burning_in", 2, "canary resume r"),
      ("halted", 2, "canary explain r"), ("stuck", 60, "canary retry r"),
    ] as [(String, Int64, String)])
  func `an open rollout that nobody drives says how to go on`(state: String, age: Int64, command: String) {
    var open = row("1", proven: false)
    open.id = RolloutID("r")
    open.state = state
    let failure = CommandFailure.open(open, driver: nil, now: open.startedAt + .seconds(age))
    #expect(failure.next.contains { $0.contains(command) }, "\(failure)")
    #expect(failure.next.contains { $0.contains("canary resume") } == command.contains("resume"), "\(failure)")
  }

  @Test func `a refusal prints its cause, then what is safe to do`() {
    let failure = CommandFailure(.refused, "it is held", next: ["canary watch x"])
    #expect(failure.text == "canary: it is held\n  canary watch x\n")
  }
}

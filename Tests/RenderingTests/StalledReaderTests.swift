import Foundation
import Glibc
import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

/// Somebody holds the other end of standard output and does not read: `canary start … | sleep 1000`.
@Suite struct StalledReaderTests {
  /// A pipe, full or empty, that is closed after the test.
  private final class Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
      var ends: [Int32] = [-1, -1]
      try #require(pipe(&ends) == 0)
      (reading, writing) = (ends[0], ends[1])
      signal(SIGPIPE, SIG_IGN)
    }

    deinit {
      close(reading)
      close(writing)
    }

    func fill() {
      let flags = fcntl(writing, F_GETFL)
      _ = fcntl(writing, F_SETFL, flags | O_NONBLOCK)
      let bytes = [UInt8](repeating: 0, count: 4096)
      while write(writing, bytes, bytes.count) > 0 {}
      _ = fcntl(writing, F_SETFL, flags)
    }

    /// What comes until `end` has come.
    func text(through end: String) -> String {
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 65536)
      while !String(decoding: bytes, as: UTF8.self).hasSuffix(end) {
        let count = read(reading, &buffer, buffer.count)
        if count <= 0 { break }
        bytes += buffer[..<count]
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  @Test func nobodyWaitsForAReaderThatDoesNotRead() async throws {
    let pipe = try Pipe()
    let writer = StreamWriter(descriptor: pipe.writing)
    writer.write(String(repeating: "x", count: 1 << 20))
    #expect(await writer.drain(patience: .milliseconds(100)) == false)
    #expect(!writer.isIdle)
  }

  @Test func aReaderThatReadsGetsAll() async throws {
    let pipe = try Pipe()
    let writer = StreamWriter(descriptor: pipe.writing)
    let lines = (0..<20_000).map { "line \($0)\n" }
    for line in lines { writer.write(line) }
    let text = Task.detached { pipe.text(through: "line 19999\n") }
    #expect(await writer.drain(patience: .seconds(60)))
    #expect(await text.value == lines.joined())
  }

  @Test func whatWaitsIsBounded() async throws {
    let pipe = try Pipe()
    let writer = StreamWriter(descriptor: pipe.writing, capacity: 50_000) { "\($0) are missing\n" }
    for number in 0..<10_000 { writer.write("\(number) " + String(repeating: "x", count: 1000) + "\n") }
    writer.write("last\n")
    let text = pipe.text(through: "last\n")
    #expect(text.utf8.count < 200_000)
    let lines = text.split(separator: "\n")
    let notes = lines.filter { $0.hasSuffix(" are missing") }
    let missing = notes.compactMap { Int($0.split(separator: " ")[0]) }.reduce(0, +)
    #expect(!notes.isEmpty)
    #expect(lines.count - notes.count + missing == 10_001)
    #expect(await writer.drain(patience: .seconds(60)))
  }

  @Test(arguments: [OutputMode.text, .json, .jsonl]) func aScreenEndsWithoutItsReader(_ mode: OutputMode) async throws {
    let pipe = try Pipe()
    pipe.fill()
    let world = try Scenes.succeeded()
    let screen = RolloutScreen(
      mode: mode, output: pipe.writing, isTerminal: false, palette: .plain, now: { World.start })
    await screen.turned(TurnReport(rollout: world.rollout, events: world.events, trouble: nil))
    await screen.finish()
  }

  @Test func aNoteThatNobodyReadsHoldsNothingUp() throws {
    let (answers, notes) = (try Pipe(), try Pipe())
    notes.fill()
    Console(answers: answers.writing, notes: notes.writing).note("stopped")
    Console(answers: answers.writing, notes: answers.writing).note("stopped")
    #expect(answers.text(through: "\n") == "stopped\n")
  }

  @Test func theStreamForProgramsSaysWhatItLeftOut() throws {
    let line = JSONLines.dropped(3, of: "r1", now: World.start)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["type"] as? String == "dropped" && object["count"] as? Int == 3)
    #expect(object["rollout"] as? String == "r1" && object["at"] != nil)
  }
}

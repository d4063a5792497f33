import Foundation
import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

/// What a terminal would show after these bytes: only the sequences that we send.
private struct Screen {
  var rows: [String] = [""]
  var row = 0
  var isCursorShown = true

  mutating func take(_ bytes: String) {
    var rest = Substring(bytes)
    while let character = rest.first {
      if rest.hasPrefix("\u{1B}[") {
        rest = rest.dropFirst(2)
        let parameters = rest.prefix { !$0.isLetter }
        rest = rest.dropFirst(parameters.count)
        let final = rest.first
        rest = rest.dropFirst()
        control(String(parameters), final)
      } else {
        rest = rest.dropFirst()
        put(character)
      }
    }
  }

  private var isAtStart = true

  private mutating func put(_ character: Character) {
    switch character {
    case "\r": isAtStart = true
    case "\n", "\r\n":
      row += 1
      isAtStart = true
      if row == rows.count { rows.append("") }
    default:
      if isAtStart { rows[row] = "" }
      isAtStart = false
      rows[row].append(character)
    }
  }

  private mutating func control(_ parameters: String, _ final: Character?) {
    switch (parameters, final) {
    case ("?25l", _), ("?25", "l"): isCursorShown = false
    case ("?25", "h"): isCursorShown = true
    case (_, "A"): row = max(0, row - (Int(parameters) ?? 1))
    case ("", "J"):
      rows = Array(rows.prefix(row + 1))
      if isAtStart { rows[row] = "" }
    default: break
    }
  }

  var text: [String] { rows.last == "" ? rows.dropLast() : rows }
}

@Suite struct LiveTerminalTests {
  private let size = LiveTerminal.Size(columns: 20, rows: 10)

  @Test func eachFrameReplacesTheLast() {
    var live = LiveTerminal(descriptor: 1)
    var screen = Screen()
    screen.take("prompt\r\n")
    for frame in [["one", "two"], ["one", "2", "three"], ["one"], ["a", "b", "c", "d"]] {
      screen.take(live.frame(frame, size: size))
      #expect(screen.text == ["prompt"] + frame)
      #expect(!screen.isCursorShown)
    }
    screen.take(live.leave())
    #expect(screen.isCursorShown)
    #expect(screen.text == ["prompt", "a", "b", "c", "d"])
  }

  @Test func unchangedLinesAreNotSentAgain() {
    var live = LiveTerminal(descriptor: 1)
    _ = live.frame(["stays as it is", "moves"], size: size)
    let bytes = live.frame(["stays as it is", "moved"], size: size)
    #expect(!bytes.contains("stays"))
    #expect(bytes.contains("moved"))
    _ = live.leave()
  }

  @Test func aResizedTerminalIsDrawnWhole() {
    var live = LiveTerminal(descriptor: 1)
    _ = live.frame(["0123456789", "x"], size: size)
    let bytes = live.frame(["0123456789", "x"], size: LiveTerminal.Size(columns: 5, rows: 10))
    #expect(bytes.hasPrefix("\r\u{1B}[3A\u{1B}[J"))
    #expect(bytes.contains("0123456789"))
    _ = live.leave()
  }

  @Test func clearingTakesTheFrameAway() {
    var live = LiveTerminal(descriptor: 1)
    var screen = Screen()
    screen.take(live.frame(["one", "two"], size: size))
    screen.take(live.clear(size: size) + "note\r\n")
    screen.take(live.frame(["three"], size: size))
    screen.take(live.leave())
    #expect(screen.text == ["note", "three"])
    #expect(screen.isCursorShown)
  }
}

@Suite struct RolloutScreenTests {
  /// Gives the reports of `world` to a screen that writes to a pseudo-terminal or a pipe, and what came out.
  private func shown(
    _ world: World, mode: OutputMode, terminal: Bool, term: String = "xterm", say: String? = nil
  ) async throws -> String {
    let (reading, writing) = try Self.ends(terminal: terminal)
    let (collected, collector) = AsyncStream.makeStream(of: String.self)
    // Reading blocks, and the threads of tasks are few.
    Thread.detachNewThread {
      collector.yield(Self.readAll(reading))
      collector.finish()
    }
    let now = world.now
    let screen = RolloutScreen(
      mode: mode, output: writing, isTerminal: terminal, palette: .plain, now: { now }, term: term)
    var rollout = Rollout(plan: world.rollout.plan, at: World.start)
    for recorded in world.events.dropFirst() {
      try rollout.apply(recorded.event, at: recorded.at)
      await screen.turned(TurnReport(rollout: rollout, events: [recorded], trouble: nil))
    }
    if let say { await screen.say(say) }
    await screen.finish()
    close(writing)
    var text = ""
    for await part in collected { text += part }
    close(reading)
    return text
  }

  private static func ends(terminal: Bool) throws -> (reading: Int32, writing: Int32) {
    var pair: [Int32] = [-1, -1]
    var status: Int32
    if terminal {
      var size = winsize(ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0)
      var (leader, follower): (Int32, Int32) = (-1, -1)
      status = openpty(&leader, &follower, nil, nil, &size)
      pair = [leader, follower]
    } else {
      status = pipe(&pair)
    }
    try #require(status == 0)
    return (pair[0], pair[1])
  }

  /// To the end of the stream; a pseudo-terminal ends with EIO.
  private static func readAll(_ descriptor: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { bytes += buffer[..<count] } else if count == 0 || errno != EINTR { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func aTerminalKeepsTheLastFrameAndTheClosingWords() async throws {
    let world = try Scenes.succeeded()
    let bytes = try await shown(world, mode: .text, terminal: true, say: "hello\u{1B}[2J")
    var screen = Screen()
    screen.take(bytes)
    let frame = TreeRenderer.frame(
      rollout: world.rollout, trouble: nil, recent: Array(world.events.suffix(50)), now: world.now, width: 79,
      height: 23, palette: .plain)
    let closing = FinalSummary.lines(rollout: world.rollout, now: world.now, palette: .plain)
    #expect(screen.text == ["hello␛[2J"] + frame + [""] + closing)
    #expect(screen.isCursorShown)
    #expect(bytes.contains("\u{1B}[?25l"))
  }

  @Test(arguments: [(false, "xterm"), (true, "dumb")]) func plainLinesElsewhere(terminal: Bool, term: String)
    async throws
  {
    let world = try Scenes.rolledBack()
    let text = try await shown(world, mode: .text, terminal: terminal, term: term)
    #expect(!text.contains("\u{1B}"))
    let lines = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false)
    let closing = FinalSummary.lines(rollout: world.rollout, now: world.now, palette: .plain)
    #expect(lines.map(String.init) == Narrative.lines(world.events) + [""] + closing + [""])
  }

  @Test func jsonLinesCarryTheStateOfTheirMoment() async throws {
    let world = try Scenes.succeeded()
    let text = try await shown(world, mode: .jsonl, terminal: false)
    let lines = try text.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    #expect(lines.first?["type"] as? String == "header")
    #expect(lines.last?["type"] as? String == "end")
    #expect(lines.last?["exit"] as? Int == 0)
    let events = lines.dropFirst().dropLast()
    #expect(events.map { $0["seq"] as? Int } == (1..<world.events.count).map { $0 })
    #expect(events.first?["state"] as? String == "queued")
    #expect(events.contains { $0["state"] as? String == "burning_in" })
  }

  @Test func oneDocumentForJSON() async throws {
    let world = try Scenes.haltedFailed()
    let text = try await shown(world, mode: .json, terminal: false)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(object["state"] as? String == "halted")
    #expect(object["exit"] as? Int == 3)
  }

  @Test func aReaderThatWentAwayEndsNothing() async throws {
    let (reading, writing) = try Self.ends(terminal: false)
    signal(SIGPIPE, SIG_IGN)
    close(reading)
    let world = try Scenes.succeeded()
    let screen = RolloutScreen(
      mode: .text, output: writing, isTerminal: false, palette: .plain, now: { World.start })
    await screen.turned(TurnReport(rollout: world.rollout, events: world.events, trouble: "disk full"))
    await screen.finish()
    close(writing)
  }
}

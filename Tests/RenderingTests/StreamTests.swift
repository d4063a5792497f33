import Foundation
import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

/// Lines and JSON lines.
@Suite struct StreamTests {
  /// Plays the journal as a screen does, with heartbeats looked for every five seconds.
  private func logLines(_ events: [RecordedEvent]) -> [String] {
    var filter = LineFilter()
    var lines: [String] = []
    var clock = World.start
    Narrative.fold(events) { recorded, rollout in
      while clock + .seconds(5) < recorded.at {
        clock = clock + .seconds(5)
        if filter.isHeartbeatDue(clock) { lines.append(LineRenderer.heartbeat(rollout: rollout, now: clock)) }
      }
      guard filter.admits(recorded), let line = LineRenderer.line(for: recorded, in: rollout) else { return }
      lines.append(line)
      filter.said(at: recorded.at)
    }
    return lines
  }

  @Test func twoHoursOfTwentyHostsStayReadable() throws {
    let plan = Plans.plan(hosts: 20, waves: [1, 6, 13]) {
      $0.release.drain = ["drain"]
      $0.release.undrain = ["undrain"]
      $0.burnIn.min = .minutes(100)
      $0.burnIn.max = .minutes(110)
      $0.minHealthyTime = .minutes(1)
    }
    var world = World(plan)
    try world.takeOver()
    try world.doWell()
    for minute in 0..<100 {
      var verdict = Verdict.unsure
      verdict.reason = "server-errors: \(minute * 20) of 2000 requests"
      try world.judge(verdict)
      try world.pass(.minutes(1))
    }
    try world.finishWell()
    #expect(world.rollout.stateName == "succeeded", "\(world.rollout.summary.detail)")
    let lines = logLines(world.events)
    #expect(world.now - World.start > .minutes(120))
    #expect(lines.count < 300, "\(lines.count) lines")
    #expect(lines.contains { $0.contains("still burning_in") })
    for line in lines { #expect(line.contains(/^\d\d:\d\d:\d\dZ \S/), "\(line)") }
    let story = lines.filter { $0.contains(" web7 ") }
    for word in ["staging", "draining", "activating", "healthy"] { #expect(story.contains { $0.contains(word) }) }
  }

  @Test func aFlappingSiblingDoesNotFillTheLog() throws {
    var world = try Scenes.burningIn()
    for _ in 0..<200 {
      try world.probe("web3", .unhealthy(detail: "timeout"))
      try world.pass(.seconds(2))
      try world.probe("web3")
      try world.pass(.seconds(2))
    }
    #expect(Narrative.lines(world.events).count { $0.contains("web3") } <= 8)
  }

  @Test func longDetailsStayWhole() throws {
    let detail = String(repeating: "long ", count: 200) + "end"
    var world = try Scenes.staging()
    try world.answer("web1", .failed(detail: detail))
    #expect(Narrative.lines(world.events).contains { $0.contains(detail) })
  }

  @Test func everyLineIsJSONWithTheKeysOfTheReference() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/reference/jsonl.md")
    let reference = try String(decoding: Data(contentsOf: file), as: UTF8.self)
    let worlds = try Scenes.all.map { try $0.make() } + [FrameTests.hostileWorld()]
    for world in worlds {
      var lines = [JSONLines.header(world.rollout)]
      Narrative.fold(world.events) { recorded, rollout in
        lines.append(JSONLines.object(for: recorded, in: rollout))
      }
      lines += [
        JSONLines.trouble("disk full", world.rollout, now: world.now), JSONLines.end(world.rollout, now: world.now),
      ]
      #expect(lines.count == world.events.count + 3)
      for line in lines {
        #expect(!line.contains("\n") && !line.contains("\u{1B}"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["v"] as? Int == 1)
        for key in ["rollout", "type", "at"] { #expect(object[key] is String, "\(key) in \(line)") }
        if object["type"] as? String == "event" {
          for key in ["event", "state"] { #expect(object[key] is String, "\(key) in \(line)") }
          #expect(object["seq"] is Int)
          #expect(reference.contains("| `\(object["event"] ?? "")` |"))
        }
        for key in object.keys.sorted() { #expect(reference.contains("`\(key)`"), "\(key) is not documented") }
      }
    }
  }

  @Test func documentsAreJSON() throws {
    for scene in Scenes.all {
      let world = try scene.make()
      let plan = world.rollout.plan
      let documents = [
        StatusRenderer.json(rollout: world.rollout, driver: .nobody, now: world.now),
        StatusRenderer.json([world.rollout.summary]),
        ExplainRenderer.json(rollout: world.rollout, events: world.events, now: world.now),
        PlanRenderer.json(plan: plan, review: PlanReview(plan)),
        HistoryRenderer.json([world.rollout.summary], now: world.now),
        LogRenderer.json([(world.rollout, world.events)]),
      ]
      for document in documents { _ = try JSONSerialization.jsonObject(with: Data(document.utf8)) }
    }
  }
}

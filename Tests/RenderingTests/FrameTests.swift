import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

@Suite struct FrameTests {
  /// Text that a hostile host or a careless person could bring in.
  static let hostile =
    "\u{1B}[2J\u{1B}]0;owned\u{07}\r\nsecond\tline \u{202E}gnorw\u{2066} \u{9B}31m 漢字かな 👩‍👩‍👧 e\u{301}\u{200B}"

  static func hostileWorld() throws -> World {
    var plan = Plans.plan(hosts: 3, waves: [1, 2]) { $0.onFail = .halt }
    plan.hosts[0].instance.id = HostID(hostile)
    plan.createdBy = hostile
    plan.policy.service = "sërvice\u{1B}[31m"
    var world = World(plan)
    try world.takeOver()
    try world.answer(HostID(hostile), .failed(detail: hostile))
    return world
  }

  static func stripped(_ text: String) -> String {
    var result = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "\u{1B}[") {
      result += rest[..<start.lowerBound]
      let end = rest[start.upperBound...].firstIndex(of: "m") ?? rest.endIndex
      rest = rest[end...].dropFirst()
    }
    return result + rest
  }

  @Test func neverWiderNorTallerThanTheTerminal() throws {
    let worlds = try Scenes.all.map { try $0.make() } + [Self.hostileWorld(), Scenes.large()]
    for world in worlds {
      for (width, height) in [(1, 1), (2, 3), (10, 4), (20, 5), (40, 7), (79, 23), (80, 24), (120, 50), (300, 9)] {
        for palette in [Palette.plain, Palette(colour: true), Palette(colour: false, unicode: false)] {
          let frame = TreeRenderer.frame(
            rollout: world.rollout, trouble: Self.hostile, recent: world.events, now: world.now, width: width,
            height: height, palette: palette)
          #expect(frame.count <= height)
          for line in frame { #expect(DisplayText.width(Self.stripped(line)) <= width, "\(width)x\(height): \(line)") }
        }
      }
    }
    let none = TreeRenderer.frame(
      rollout: worlds[0].rollout, trouble: nil, recent: [], now: worlds[0].now, width: 0, height: 0, palette: .plain)
    #expect(none.isEmpty)
  }

  @Test func noControlCharacterWithoutColour() throws {
    let worlds = try Scenes.all.map { try $0.make() } + [Self.hostileWorld()]
    for world in worlds {
      var texts = TreeRenderer.frame(
        rollout: world.rollout, trouble: Self.hostile, recent: world.events, now: world.now, width: 200, height: 60,
        palette: .plain)
      texts.append(
        ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain))
      texts += Narrative.lines(world.events)
      texts += FinalSummary.lines(rollout: world.rollout, now: world.now, palette: .plain)
      texts.append(StatusRenderer.text(rollout: world.rollout, recent: world.events, now: world.now, palette: .plain))
      texts.append(LogRenderer.text([(world.rollout, world.events)], palette: .plain))
      texts.append(
        PlanRenderer.text(plan: world.rollout.plan, review: PlanReview(world.rollout.plan), palette: .plain))
      texts.append(HistoryRenderer.text([world.rollout.summary], now: world.now, palette: .plain))
      for text in texts {
        for scalar in text.unicodeScalars where scalar != "\n" {
          let category = scalar.properties.generalCategory
          #expect(category != .control && category != .format, "\(text.debugDescription)")
        }
      }
    }
  }

  @Test func asciiSignsWhereNothingElseShows() throws {
    for scene in Scenes.all {
      let world = try scene.make()
      let palette = Palette(colour: false, unicode: false)
      let frame = TreeRenderer.frame(
        rollout: world.rollout, trouble: nil, recent: world.events, now: world.now, width: 100, height: 30,
        palette: palette)
      let explained = ExplainRenderer.text(
        rollout: world.rollout, events: world.events, now: world.now, palette: palette)
      for line in frame + [explained] { #expect(line.utf8.allSatisfy { $0 < 0x80 }, "\(line)") }
    }
  }

  @Test func colourAddsNothingButColour() throws {
    for scene in Scenes.all {
      let world = try scene.make()
      let frames = [Palette.plain, Palette(colour: true)].map { palette in
        TreeRenderer.frame(
          rollout: world.rollout, trouble: nil, recent: world.events, now: world.now, width: 80, height: 24,
          palette: palette)
      }
      #expect(frames[1].map(Self.stripped) == frames[0])
      #expect(frames[1] != frames[0])
    }
  }

  @Test func everyHostIsListedWhereThereIsRoom() throws {
    let world = try Scenes.large()
    let lines = TreeRenderer.unfolded(world.rollout, now: world.now, palette: .plain)
    for number in [1, 2, 44, 250, 251, 1000] { #expect(lines.contains { $0.contains(" web\(number) ") }) }
    #expect(lines.count == 1003)
  }
}

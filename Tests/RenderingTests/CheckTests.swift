import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

@Suite struct CheckTests {
  @Test(arguments: CheckScenes.all.map(\.name)) func scene(_ name: String) throws {
    let world = try #require(CheckScenes.all.first { $0.name == name }).make()
    func frame(_ width: Int, _ height: Int, _ palette: Palette = .plain) -> String {
      TreeRenderer.frame(
        rollout: world.rollout, trouble: nil, recent: world.events, now: world.now + .seconds(5), width: width,
        height: height, palette: palette
      ).joined(separator: "\n")
    }
    let parts = [
      "==== 80x24", frame(79, 24), "==== 60x24", frame(59, 24), "==== 40x16", frame(40, 16), "==== 120x30",
      frame(119, 30), "==== ASCII", frame(79, 24, Palette(colour: false, unicode: false)), "==== explain",
      ExplainRenderer.text(rollout: world.rollout, events: world.events, now: world.now, palette: .plain),
      "==== lines", Narrative.lines(world.events).suffix(8).joined(separator: "\n"),
    ]
    try compare(parts.joined(separator: "\n"), with: "checks-\(name)")
  }

  @Test func everyKeyOfEvidenceIsWritten() throws {
    let world = try CheckScenes.needing()
    guard case .verdictReached(_, let verdict)? = world.events.last?.event else {
      Issue.record("no verdict")
      return
    }
    try compare(EventJSON.verdict(verdict, world.rollout.plan.policy).document, with: "checks-json")
  }

  @Test func figuresForPeople() {
    #expect(
      [0, 412, 1018, 1_234_567, -1200].map { Figures.count($0) } == ["0", "412", "1,018", "1,234,567", "-1,200"])
    #expect([1018, 99, 154_999, .infinity].map { Figures.rounded($0) } == [1000, 99, 150_000, .infinity])
    #expect(
      [1.84, 1.02, 0.912, 9.96, 12.3, 123.4, 0].map { Figures.brief($0) } == [
        "1.8", "1.02", "0.91", "10", "12", "123", "0",
      ])
    #expect([0, 0.001, 0.4, 0.999, 1].map { Figures.percent($0) } == ["0 %", "<1 %", "40 %", "99 %", "100 %"])
    #expect([3, 44, 536, 7900, 200_000].map { TimeWords.about(.seconds($0)) } == ["5s", "45s", "9m", "2h10m", "2d7h"])
  }

  /// The sign and the word say it without colour; the line never exceeds its width.
  @Test func everyWidthHolds() throws {
    for scene in CheckScenes.all {
      let world = try scene.make()
      let board = try #require(CheckBoard(world.rollout, recent: world.events))
      for width in 20...140 {
        for palette in [Palette.plain, Palette(colour: true), Palette(colour: false, unicode: false)] {
          for line in board.lines(room: 12, width: width, now: world.now) {
            #expect(DisplayText.width(FrameTests.stripped(line.text(palette, width: width))) <= width)
          }
        }
      }
    }
  }

  /// At 79 columns nothing of a check with figures is cut off.
  @Test func fitsAnUsualTerminal() throws {
    let world = try CheckScenes.needing()
    let board = try #require(CheckBoard(world.rollout, recent: world.events))
    for line in board.lines(room: 12, width: 79, now: world.now) { #expect(line.width <= 79, "\(line.text(.plain))") }
  }

  @Test func figuresAreNotSaidTwice() {
    let policy = CheckScenes.plan.policy
    #expect(EvidenceView(CheckScenes.errors, policy).remarks == "web3 without data")
    var failed = CheckScenes.errors
    failed.outcome = .fail
    #expect(EvidenceView(failed, policy).remarks == failed.detail)
    var bare = CheckScenes.errors
    (bare.baseline, bare.need) = (nil, nil)
    #expect(EvidenceView(bare, policy).remarks == bare.detail)
  }

  @Test func whatToLookAtFirstStaysWhereRoomIsShort() throws {
    let world = try CheckScenes.slow()
    let board = try #require(CheckBoard(world.rollout, recent: world.events))
    let lines = board.lines(room: 3, width: 79, now: world.now).map { $0.text(.plain) }
    #expect(lines.count == 3)
    #expect(lines[1].contains("latency"))
    #expect(lines[2].contains("3 more: 1 pass, 1 inconclusive, 1 muted"))
  }

  @Test func aThousandHostsLeaveTheChecksTheirRoom() throws {
    var world = World(Plans.plan(hosts: 1000, waves: [1, 249, 750], maxUnavailable: 50))
    try world.takeOver()
    try world.doWell()
    try world.pass(.minutes(2))
    try world.judge(.unsure)
    let frame = TreeRenderer.frame(
      rollout: world.rollout, trouble: nil, recent: world.events, now: world.now, width: 79, height: 24,
      palette: .plain)
    #expect(frame.contains { $0.contains("server-errors") && $0.contains("fail") })
  }

  @Test func aRetryBeginsTheEvidenceAnew() throws {
    var world = try Scenes.haltedNoData()
    #expect(CheckBoard(world.rollout, recent: world.events) != nil)
    try world.ask(.retry)
    #expect(CheckBoard(world.rollout, recent: world.events) == nil)
  }
}

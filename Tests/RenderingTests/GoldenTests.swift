import Foundation
import RolloutCore
import RolloutEngine
import Testing

@testable import CanaryCommands

/// What is shown, kept as files. `CANARY_REWRITE_GOLDEN=1 swift test --filter RenderingTests` writes them anew; a
/// difference is committed only when it is understood.
@Suite struct GoldenTests {
  @Test(arguments: Scenes.all.map(\.name)) func scene(_ name: String) throws {
    let scene = try #require(Scenes.all.first { $0.name == name })
    let world = try scene.make()
    let rollout = world.rollout
    let frame = TreeRenderer.frame(
      rollout: rollout, trouble: nil, recent: world.events, now: world.now, width: 80, height: 24, palette: .plain)
    let explained = ExplainRenderer.text(
      rollout: rollout, events: world.events, driver: .holder("ann@build1 pid 4242"), now: world.now, palette: .plain)
    let closing = FinalSummary.lines(rollout: rollout, now: world.now, palette: .plain)
    try compare(
      [
        "==== 80x24", frame.joined(separator: "\n"), "==== explain", explained, "==== closing",
        closing.joined(separator: "\n"),
      ].joined(separator: "\n"), with: "scene-\(name)")
    #expect((2...6).contains(closing.count))
  }

  @Test(arguments: [(80, 24), (120, 50)]) func thousandHosts(width: Int, height: Int) throws {
    let world = try Scenes.large()
    let frame = TreeRenderer.frame(
      rollout: world.rollout, trouble: nil, recent: world.events, now: world.now, width: width, height: height,
      palette: .plain)
    try compare(frame.joined(separator: "\n"), with: "large-\(width)x\(height)")
    #expect(frame.contains { $0.contains("web41  failed") })
    #expect(frame.contains { $0.contains("web44  unknown") })
    #expect(frame.contains { $0.contains("750 pending") })
  }

  @Test func threeHostsOnALargeTerminal() throws {
    let world = try Scenes.healthyForNow()
    let frame = TreeRenderer.frame(
      rollout: world.rollout, trouble: "disk full", recent: world.events, now: world.now, width: 120, height: 50,
      palette: .plain)
    try compare(frame.joined(separator: "\n"), with: "small-120x50")
  }

  @Test func linesOfAWholeRollout() throws {
    let good = try Scenes.succeeded()
    let bad = try Scenes.rolledBack()
    let lines = Narrative.lines(good.events) + [""] + Narrative.lines(bad.events)
    try compare(lines.joined(separator: "\n"), with: "lines")
  }

  @Test func plan() throws {
    var plan = Plans.plan(hosts: 5, waves: [1, 2])
    plan.hosts[1].rollback = .missing(reason: "2.3.0 runs, but the host holds no complete release of it")
    plan.hosts[3].task = .none
    plan.hosts[3].from = "2.4.1"
    plan.hosts[4].task = .excluded(reason: "disk is being replaced")
    let text = PlanRenderer.text(plan: plan, review: PlanReview(plan), palette: .plain)
    let json = PlanRenderer.json(plan: plan, review: PlanReview(plan))
    try compare(text + "====\n" + json, with: "plan")
  }

  @Test func lists() throws {
    let worlds = [try Scenes.succeeded(), try Scenes.rolledBack(), try Scenes.paused()]
    let summaries = worlds.map(\.rollout.summary)
    let now = World.start + .minutes(90)
    let rows = [
      HostRow(host: "web1", zone: "a", found: .runs("2.4.1"), shouldRun: "2.4.1", asOf: now),
      HostRow(host: "web2", zone: "b", found: .runs("2.3.0"), shouldRun: "2.4.1", asOf: now, note: "changed by hand?"),
      HostRow(host: "web3", found: .unreachable(detail: "no route to host"), shouldRun: "2.4.1", asOf: World.start),
      HostRow(host: "web4", found: .runs(nil), asOf: now),
    ]
    let sections = [
      StatusRenderer.table(summaries, now: now, palette: .plain),
      HistoryRenderer.text(summaries, now: now, palette: .plain),
      LogRenderer.text(worlds.map { ($0.rollout, $0.events) }, palette: .plain),
      HostsRenderer.text(service: "checkout", rows: rows, now: now, palette: .plain),
      HostsRenderer.json(service: "checkout", rows: rows),
      StatusRenderer.text(
        rollout: worlds[2].rollout, recent: worlds[2].events, driver: .nobody, now: now, palette: .plain),
    ]
    try compare(sections.joined(separator: "====\n"), with: "lists")
  }
}

extension GoldenTests {
  @Test func verification() throws {
    let digest = Digest(String(repeating: "3f", count: 32))
    var found = Verification(structure: [])
    found.rollouts = [
      .init(id: "checkout-20261121-140312-k3f9", service: "checkout", records: 112, head: digest),
      .init(
        id: "pay-20261121-090000-aaaa", service: "pay", records: 17,
        fault: .init(
          sequence: 17, kind: "stepFinished", at: World.start,
          detail: "the record's content does not match its hash")),
      .init(
        id: "till-20261120-090000-bbbb", records: 41,
        fault: .init(sequence: 41, detail: "the rollout's row, which names its last record, is missing")),
    ]
    var structural = found
    structural.structure = ["Tree 5 page 7: btreeInitPage() returns error code 11"]
    let sections = [found, structural].flatMap { found in
      [
        VerificationRenderer.text(found, palette: .plain), VerificationRenderer.json(found).document + "\n",
        VerificationRenderer.advice(found, journal: "/home/ann/.local/state/canary/canary.db").joined(separator: "\n")
          + "\n",
      ]
    }
    try compare(sections.joined(separator: "====\n"), with: "verification")
    #expect(VerificationRenderer.advice(Verification(structure: []), journal: "x").isEmpty)
  }
}

func compare(
  _ text: String, with name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Golden")
  let file = folder.appendingPathComponent("\(name).txt")
  let shown = text.hasSuffix("\n") ? text : text + "\n"
  if ProcessInfo.processInfo.environment["CANARY_REWRITE_GOLDEN"] == "1" {
    try Data(shown.utf8).write(to: file)
    return
  }
  let kept = try String(decoding: Data(contentsOf: file), as: UTF8.self)
  let pairs = zip(shown.split(separator: "\n"), kept.split(separator: "\n"))
  let different = pairs.first { $0 != $1 }
  #expect(
    shown == kept, "\(name): first difference: \(different.map { "shown \($0), kept \($1)" } ?? "another length")",
    sourceLocation: sourceLocation)
}

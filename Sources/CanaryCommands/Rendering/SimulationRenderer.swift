internal import RolloutCore
internal import RolloutEngine
internal import RolloutSimulation

/// Simulated rollouts for people.
enum SimulationRenderer {
  // MARK: One run

  static func text(_ run: SimulatedRun, _ subject: SimulationSubject, palette: Palette) -> String {
    var text = title(subject, "seed \(run.seed), \(faults(run.faults.count))", palette)
    for line in timeline(run, subject.plan) { text += line.text(palette) + "\n" }
    text += row("ended", ended(run), style(run.end.state), palette)
    text += row("down at worst", down(run.worstDown, subject.plan), .plain, palette)
    guard let first = run.broken.first else { return text + row("promises", "all kept", .good, palette) }
    text += row("broken", "\(first.invariant): \(first.detail)", .bad, palette)
    return text + row("", report, .plain, palette)
  }

  private static func ended(_ run: SimulatedRun) -> String {
    let length = TimeWords.length(run.length)
    guard let command = run.end.waitsFor else { return "\(run.end.state) after \(length)" }
    return "\(run.end.state) after \(length), waits for a person: canary \(command)"
  }

  /// The journal's news and the faults that struck, in the order of virtual time.
  static func timeline(_ run: SimulatedRun, _ plan: Plan) -> [StyledLine] {
    var lines: [StyledLine] = []
    var faults = run.struck[...]
    func strike(until at: Int64) {
      while let fault = faults.first, fault.at <= at {
        faults.removeFirst()
        let clock = TimeWords.clock(time(fault.at))
        lines.append(StyledLine("\(clock) \(Signs.failed) \(FaultWords.sentence(fault, plan))", .careful))
      }
    }
    var filter = LineFilter()
    var told = run.story[...]
    Narrative.fold(run.story.map(\.event)) { recorded, rollout in
      let at = told.popFirst()?.at ?? 0
      strike(until: at)
      let virtual = RecordedEvent(sequence: recorded.sequence, at: time(at), event: recorded.event)
      guard filter.admits(virtual), let line = LineRenderer.line(for: virtual, in: rollout) else { return }
      lines.append(StyledLine(line))
      lines += LineRenderer.details(of: virtual, in: rollout).map { StyledLine($0, .faint) }
    }
    strike(until: .max)
    return lines
  }

  static func time(_ milliseconds: Int64) -> Timestamp { Simulation.epoch + TimeSpan(milliseconds: milliseconds) }

  // MARK: Many runs

  static func text(_ count: SimulationCount, _ subject: SimulationSubject, palette: Palette) -> String {
    let seeds = "\(count.runs) \(count.runs == 1 ? "run" : "runs") from seed \(count.seeds.lowerBound) on"
    var text = title(subject, "\(seeds), \(faults(subject.faults)) each", palette)
    var table = TextTable("END", "RUNS", "SEED", "WAITS FOR A PERSON")
    for ending in count.endings {
      table.add([
        (ending.end.state, style(ending.end.state)), (Figures.count(Double(ending.runs)), .plain),
        (String(ending.seed), .plain), (ending.end.waitsFor.map { "canary \($0)" } ?? "", .plain),
      ])
    }
    text += table.text(palette)
    text += row("down at worst", down(count.worstDown, subject.plan), .plain, palette)
    let longest = "longest \(TimeWords.length(count.longest)) (seed \(count.longestSeed))"
    text += row("took", "median \(TimeWords.length(count.median)), \(longest)", .plain, palette)
    text += promises(count, palette)
    let example = count.broken.first?.seed ?? count.endings.last?.seed ?? count.seeds.lowerBound
    return text + row("one of them", subject.command(seed: example), .plain, palette)
  }

  private static func promises(_ count: SimulationCount, _ palette: Palette) -> String {
    guard !count.broken.isEmpty else { return row("promises", "none broken in \(count.runs) runs", .good, palette) }
    let total = "in \(count.broken.count) of \(count.runs) runs"
    return count.broken.prefix(5).map { broken in
      row("broken", "seed \(broken.seed): \(broken.violation.invariant): \(broken.violation.detail)", .bad, palette)
    }.joined() + row("", "\(total); \(report)", .plain, palette)
  }

  // MARK: Parts

  private static let report = "this is a mistake in canary: please report it with the policy and the seed"

  private static func title(_ subject: SimulationSubject, _ what: String, _ palette: Palette) -> String {
    let plan = subject.plan
    let hosts = "\(plan.hosts.count) simulated \(plan.hosts.count == 1 ? "instance" : "instances")"
    return StyledLine(plan.policy.service, .strong).adding("  \(subject.path) on \(hosts), \(what)").text(palette)
      + "\n"
  }

  private static func row(_ name: String, _ value: String, _ style: Palette.Style, _ palette: Palette) -> String {
    var line = StyledLine(name, .faint)
    line.pad(to: 15)
    line.add(value, style)
    return line.text(palette) + "\n"
  }

  private static func faults(_ count: Int) -> String {
    count == 0 ? "no faults" : count == 1 ? "1 fault" : "\(count) faults"
  }

  private static func down(_ count: Int, _ plan: Plan) -> String {
    "\(count) of \(plan.hosts.count) at once by canary's doing; max_unavailable allows \(plan.maxUnavailable)"
  }

  private static func style(_ state: String) -> Palette.Style {
    switch state {
    case Fate.succeeded.rawValue: .good
    case "stuck", "not begun": .bad
    default: .careful
    }
  }
}

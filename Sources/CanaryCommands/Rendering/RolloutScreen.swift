import RolloutCore
import RolloutEngine

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Shows a rollout to whoever started or follows it: a live tree on a terminal, plain lines elsewhere, JSON for
/// programs. It takes reports and returns at once; writing happens on the side.
actor RolloutScreen: TurnObserver {
  private enum Manner: Hashable { case live, lines, jsonl, json }

  private let manner: Manner
  private let output: Int32
  private let palette: Palette
  private let now: @Sendable () -> Timestamp
  private let size: @Sendable () -> LiveTerminal.Size
  private let writer: StreamWriter
  private let shown = Cell<RolloutID>("")

  private var rollout: Rollout?
  private var trouble: String?
  private var recent: [RecordedEvent] = []
  private var filter = LineFilter()
  private var live: LiveTerminal
  private var ticking: Task<Void, Never>?
  private var lastFrame: ContinuousClock.Instant?
  private var isFrameDue = false
  private var isFinished = false

  /// Frames follow each other at this distance at least; clocks in them move each second.
  private static let frameDistance = Duration.milliseconds(100)
  private static let rememberedEvents = 50

  /// - Parameters:
  ///   - output: descriptor that is written to; it stays open.
  ///   - term: what `TERM` says; `dumb` or nothing gives plain lines.
  ///   - size: the terminal's size, asked before each frame.
  init(
    mode: OutputMode, output: Int32, isTerminal: Bool, palette: Palette,
    now: @escaping @Sendable () -> Timestamp, term: String = RolloutScreen.environmentTerm,
    size: (@Sendable () -> LiveTerminal.Size)? = nil
  ) {
    manner =
      switch mode {
      case .text: LiveTerminal.isSupported(isTerminal: isTerminal, term: term) ? .live : .lines
      case .json: .json
      case .jsonl: .jsonl
      }
    self.output = output
    self.palette = palette
    self.now = now
    self.size = size ?? { LiveTerminal.size(of: output) ?? .usual }
    writer = StreamWriter(descriptor: output, note: Self.note(manner, shown, now))
    live = LiveTerminal(descriptor: output)
  }

  /// In the place of what a reader that stopped reading has missed.
  private static func note(
    _ manner: Manner, _ shown: Cell<RolloutID>, _ now: @escaping @Sendable () -> Timestamp
  ) -> @Sendable (Int) -> String {
    switch manner {
    case .lines: { "… \($0) lines are left out here: they were not read in time\n" }
    case .jsonl: { JSONLines.dropped($0, of: shown.current, now: now()) + "\n" }
    // A frame shows all there is, and one document is all there is.
    case .live, .json: { _ in "" }
    }
  }

  static var environmentTerm: String { getenv("TERM").map { String(cString: $0) } ?? "" }

  func turned(_ report: TurnReport) async {
    guard !isFinished else { return }
    let before = rollout
    if before == nil { open(report.rollout) }
    Self.follow(report, from: before) { recorded, state in tell(recorded, state) }
    rollout = report.rollout
    if report.trouble != trouble { tell(trouble: report.trouble, report.rollout) }
    recent = (recent + report.events).suffix(Self.rememberedEvents)
    if manner == .live { drawSoon() }
  }

  /// A line for people that has no place in the rollout's own story, written above the live tree.
  func say(_ line: String) {
    guard !isFinished else { return }
    let clean = DisplayText.clean(line)
    switch manner {
    case .live:
      writer.write(live.clear(size: size()) + clean + "\n")
      draw(evenIfBusy: true)
    case .lines: writer.write(clean + "\n")
    case .json, .jsonl: break
    }
  }

  /// Leaves the last frame, says how it ended and what to type next, gives the cursor back. Returns when all of it is
  /// written, or a second after the reader stopped reading; later reports are dropped.
  func finish() async {
    guard !isFinished else { return }
    isFinished = true
    ticking?.cancel()
    if let rollout {
      switch manner {
      case .live:
        draw(evenIfBusy: true)
        writer.write(live.leave() + "\n" + summary(rollout))
      case .lines: writer.write("\n" + summary(rollout))
      case .jsonl: writer.write(JSONLines.end(rollout, now: now()) + "\n")
      case .json: writer.write(StatusRenderer.json(rollout: rollout, now: now()) + "\n")
      }
    }
    await writer.drain()
  }

  private func summary(_ rollout: Rollout) -> String {
    FinalSummary.lines(rollout: rollout, now: now(), palette: palette).map { $0 + "\n" }.joined()
  }

  // MARK: Telling

  /// Each event with the state that it left behind, where that can be worked out; with the last state elsewhere.
  private static func follow(_ report: TurnReport, from before: Rollout?, _ tell: (RecordedEvent, Rollout) -> Void) {
    var state = before
    if let first = report.events.first, first.sequence == 1, state == nil {
      state = Rollout(plan: report.rollout.plan, at: first.at)
    }
    for recorded in report.events {
      if case .planned(let plan) = recorded.event {
        state = Rollout(plan: plan, at: recorded.at)
      } else if state?.eventCount == recorded.sequence {
        do { try state?.apply(recorded.event, at: recorded.at) } catch { state = nil }
      } else if state?.eventCount != recorded.sequence + 1 {
        state = nil
      }
      tell(recorded, state ?? report.rollout)
    }
  }

  private func open(_ rollout: Rollout) {
    shown.update { $0 = rollout.plan.rollout }
    switch manner {
    case .jsonl: writer.write(JSONLines.header(rollout) + "\n")
    case .lines:
      let planned = RecordedEvent(sequence: 0, at: rollout.plan.createdAt, event: .planned(rollout.plan))
      if let line = LineRenderer.line(for: planned, in: rollout) { writer.write(line + "\n") }
    case .live, .json: break
    }
    switch manner {
    case .live: tick(each: .seconds(1))
    case .lines: tick(each: .seconds(5))
    case .json, .jsonl: break
    }
  }

  private func tell(_ recorded: RecordedEvent, _ state: Rollout) {
    // The plan was told when the screen opened.
    if case .planned = recorded.event { return }
    switch manner {
    case .jsonl: writer.write(JSONLines.object(for: recorded, in: state) + "\n")
    case .lines:
      guard filter.admits(recorded), let line = LineRenderer.line(for: recorded, in: state) else { return }
      for line in [line] + LineRenderer.details(of: recorded, in: state) { writer.write(line + "\n") }
      filter.said(at: now())
    case .live, .json: break
    }
  }

  private func tell(trouble: String?, _ rollout: Rollout) {
    self.trouble = trouble
    switch manner {
    case .jsonl: writer.write(JSONLines.trouble(trouble, rollout, now: now()) + "\n")
    case .lines:
      let text = trouble.map { "trouble: \($0)" } ?? "the trouble is over"
      writer.write(DisplayText.clean("\(TimeWords.clock(now())) \(text)") + "\n")
      filter.said(at: now())
    case .live, .json: break
    }
  }

  // MARK: Time

  private func tick(each distance: Duration) {
    ticking = Task { [weak self] in
      while !Task.isCancelled {
        do { try await Task.sleep(for: distance) } catch { return }
        await self?.tick()
      }
    }
  }

  private func tick() {
    guard !isFinished, let rollout else { return }
    switch manner {
    case .live: drawSoon()
    case .lines:
      guard filter.isHeartbeatDue(now()) else { return }
      writer.write(LineRenderer.heartbeat(rollout: rollout, now: now()) + "\n")
    case .json, .jsonl: break
    }
  }

  /// Draws now, or once when the last frame is old enough.
  private func drawSoon() {
    let instant = ContinuousClock.now
    guard let last = lastFrame, instant - last < Self.frameDistance else {
      draw()
      return
    }
    guard !isFrameDue else { return }
    isFrameDue = true
    Task { [weak self] in
      do { try await Task.sleep(for: Self.frameDistance) } catch { return }
      await self?.drawDue()
    }
  }

  private func drawDue() {
    isFrameDue = false
    if !isFinished { draw() }
  }

  /// One frame, one write. A terminal that has not taken the last one gets the next when it has.
  private func draw(evenIfBusy: Bool = false) {
    guard let rollout, writer.isIdle || evenIfBusy else { return }
    lastFrame = ContinuousClock.now
    let size = size()
    let (width, height) = LiveTerminal.room(size)
    let lines = TreeRenderer.frame(
      rollout: rollout, trouble: trouble, recent: recent, now: now(), width: width, height: height, palette: palette)
    writer.write(live.frame(lines, size: size))
  }
}

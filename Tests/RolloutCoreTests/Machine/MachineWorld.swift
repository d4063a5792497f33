import RolloutSimulation

@testable import RolloutCore

/// A rollout in a simulated fleet under virtual time: it performs what is outstanding, lets probes and people speak,
/// jumps to the next deadline, and checks the laws on the way. Same script, same journal.
struct MachineWorld {
  private(set) var rollout: Rollout
  private(set) var journal: [(event: Event, at: Timestamp)]
  private(set) var inputs: [(input: Input, at: Timestamp)] = []
  private(set) var rejections: [Rejection] = []
  private(set) var hosts: [SimulatedHost]
  private(set) var now = PlanBuilder.start
  var script: Script
  /// Compares with a fold from record 0, and tries repeats and early ticks, after every input.
  var isThorough = true
  var witness: SafetyWitness
  var states: [Rollout] = []
  /// Inputs wait here and are given in turns, as the engine's runner gives them. Nil: each is decided as it comes.
  var inbox: WaitingInputs?

  private var agenda = Agenda()
  private(set) var isAlive = false
  private var epoch: Int64 = 0
  private var started: Set<Int64> = []
  /// Analyses whose burn-in the script's verdicts were set for.
  private var judged: Set<Int64> = []
  /// The analyst is about to say once more what it said last, from newer samples.
  private var speaksSoon = false
  private var watches: [Int: Watch] = [:]
  private var generations = 0
  /// Events seen when effects were last compared: nothing changes without one.
  private var reconciled = 0
  private var cuesTaken = 0
  /// Requests of people that no controller has answered.
  private var unanswered: [(request: String, act: Script.Act)] = []

  private struct Watch {
    var expecting: Version?
    var generation: Int
  }

  private static let wire = TimeSpan(milliseconds: 100)
  private static let answerTimeout = TimeSpan.seconds(5)
  private static let probing = TimeSpan.seconds(4)

  init(_ plan: Plan, _ script: Script = Script()) {
    rollout = Rollout(plan: plan, at: plan.createdAt)
    journal = [(.planned(plan), plan.createdAt)]
    hosts = plan.hosts.map { SimulatedHost(current: $0.from) }
    self.script = script
    witness = SafetyWitness(plan: plan)
    agenda.add(.takeOver, at: now)
  }

  var kinds: [String] { journal.map(\.event.kind) }

  /// Runs until it ended or nothing is left to happen. A violation if that takes more than `limit` of its own time.
  mutating func run(for limit: TimeSpan? = nil) {
    let end = now + (limit ?? .minutes(60 * 24 * 365))
    var turns = 0
    while witness.violations.isEmpty {
      reconcile()
      takeCue()
      let deadline = isAlive && inbox?.hasTick != true ? rollout.nextDeadline : nil
      guard let next = [agenda.nextTime, deadline, inbox?.due].compactMap({ $0 }).min(), next <= end else { break }
      turns += 1
      if turns > 20_000 { return witness.report("does not settle: \(turns) turns") }
      now = max(now, next)
      if let due = inbox?.due, due <= now {
        giveTurn()
      } else if let due = agenda.nextTime, due <= now {
        happen(agenda.removeFirst().item)
      } else {
        offer(.tick)
      }
    }
    if rollout.isEnded { witness.judgeEnd(rollout, hosts) }
  }

  // MARK: Inputs

  @discardableResult
  mutating func offer(_ input: Input) -> [Event] {
    if inbox != nil {
      putInInbox(input)
      return []
    }
    let events = decide(input, settling: true)
    if isThorough, events != nil { checkLaws(after: input) }
    return events ?? []
  }

  /// Nil: refused.
  mutating func decide(_ input: Input, settling: Bool) -> [Event]? {
    inputs.append((input, now))
    witness.seeOffered(input, rollout)
    do {
      let events = try rollout.decide(input, now: now, settling: settling)
      commit(events)
      if isAlive, case .operation(let operation, _) = input { answered(operation.request) }
      return events
    } catch {
      rejections.append(error)
      if case .operation(let operation, _) = input { answered(operation.request) }
      return nil
    }
  }

  private mutating func answered(_ request: String) { unanswered.removeAll { $0.request == request } }

  private mutating func commit(_ events: [Event]) {
    let at = max(now, rollout.lastEventAt)
    for event in events {
      let before = rollout
      do {
        try rollout.apply(event, at: stamp(at))
      } catch {
        return witness.report("apply refuses what decide gave: \(error.message)")
      }
      journal.append((event, stamp(before: before, at)))
      witness.see(event, at: stamp(before: before, at), before, rollout)
      if let cut = script.crashesAt.first, journal.count >= cut {
        script.crashesAt.removeFirst()
        crash()
        return
      }
    }
    if isThorough { states.append(rollout) }
  }

  /// A record is stamped by the clock, never before the record before it.
  private func stamp(_ at: Timestamp) -> Timestamp { stamp(before: rollout, at) }

  private func stamp(before: Rollout, _ at: Timestamp) -> Timestamp { max(now, before.lastEventAt) }

  mutating func checkLaws(after input: Input) {
    guard isAlive else { return }
    if journal.count < 200 || inputs.count.isMultiple(of: 50) {
      if (try? Rollout.replay(journal)) != rollout { witness.report("law 1: the fold differs after \(input)") }
    }
    witness.checkCounts(rollout)
    if inbox == nil { witness.checkRepeat(of: input, rollout, now) }
    witness.checkTicks(rollout, now)
    witness.checkWaiting(rollout)
  }

  // MARK: Effects

  private mutating func reconcile() {
    guard isAlive, reconciled != rollout.eventCount else { return }
    reconciled = rollout.eventCount
    var watched: [Int: Watch] = [:]
    for effect in rollout.outstanding {
      switch effect {
      case .perform(let host, let number, let command):
        if started.insert(number).inserted { send(host, number, command) }
      case .ask(let host, let number, let key):
        if started.insert(number).inserted { ask(host, number, key) }
      case .watch(let host, let expecting):
        watched[host] = watches[host].flatMap { $0.expecting == expecting ? $0 : nil } ?? beginWatch(host, expecting)
      case .analyse(let analysis):
        speakSoon()
        guard case .burningIn = rollout.phase, judged.insert(analysis.number).inserted else { continue }
        for (after, verdict) in script.verdicts {
          agenda.add(.input(.verdict(number: analysis.number, verdict)), at: now + after)
        }
      }
    }
    watches = watched
  }

  /// A live source speaks again and again; here, until the wave that is watched has been seen.
  private mutating func speakSoon() {
    guard !speaksSoon, isUnseen else { return }
    speaksSoon = true
    agenda.add(.act(.checksSayAgain, request: "none"), at: now + .seconds(15))
  }

  private var isUnseen: Bool {
    guard case .burningIn(let wave, let burnIn) = rollout.phase, rollout.plan.waves[wave].kind == .rolling else {
      return false
    }
    return !burnIn.isSeen && rollout.verdict != nil
  }

  private mutating func beginWatch(_ host: Int, _ expecting: Version?) -> Watch {
    generations += 1
    agenda.add(.probe(host: host, generation: generations), at: now + Self.probing)
    return Watch(expecting: expecting, generation: generations)
  }

  private mutating func send(_ host: Int, _ number: Int64, _ command: HostCommand) {
    witness.seeSent(command, host, rollout)
    let fault = hosts[host].isReachable ? script.takeFault(host, command.key.step) : .notSent
    switch fault {
    case .notSent:
      reply(host, number, .notSent(detail: "no route to host"), after: Self.wire)
    case .lostBefore:
      reply(host, number, .unanswered(detail: "connection lost"), after: Self.answerTimeout)
    case .straggles:
      reply(host, number, .unanswered(detail: "connection lost"), after: Self.answerTimeout)
      agenda.add(.arrive(host: host, number: number, command, fault), at: now + .seconds(30))
    default:
      agenda.add(.arrive(host: host, number: number, command, fault), at: now + Self.wire)
    }
  }

  private mutating func reply(_ host: Int, _ number: Int64, _ outcome: Outcome, after: TimeSpan) {
    agenda.add(.input(.outcome(host: host, number: number, outcome)), at: now + after)
  }

  private mutating func ask(_ host: Int, _ number: Int64, _ key: StepKey) {
    if hosts[host].isReachable {
      agenda.add(.question(host: host, number: number, key), at: now + Self.wire)
    } else {
      agenda.add(.input(.unreachable(host: host, number: number, detail: "no route to host")), at: now + .seconds(2))
    }
  }

  // MARK: What happens

  private mutating func happen(_ item: Agenda.Item) {
    switch item {
    case .takeOver: takeOver()
    case .arrive(let host, let number, let command, let fault): arrive(host, number, command, fault)
    case .finish(let host, let number, let command, let fault): finish(host, number, command, fault)
    case .comesUp(let host, let version):
      guard hosts[host].current == version else { return }
      hosts[host].isUp = true
      if !hosts[host].isDrained { hosts[host].isDownByUs = false }
      probeSoon(host)
    case .question(let host, let number, let key):
      let record = hosts[host].record(of: key)
      agenda.add(.input(.answered(host: host, number: number, record)), at: now + Self.wire)
    case .input(let input): if isAlive { offer(input) }
    case .probe(let host, let generation):
      guard isAlive, let watch = watches[host], watch.generation == generation else { return }
      offer(.health(host: host, expecting: watch.expecting, health(host, watch.expecting)))
    case .act(let act, let request): perform(act, request)
    }
  }

  private func health(_ host: Int, _ expecting: Version?) -> Health {
    if !hosts[host].isUp { return .unhealthy(detail: "connection refused") }
    if let expecting, hosts[host].current != expecting { return .unhealthy(detail: "wrong version answers") }
    return .healthy
  }

  private mutating func probeSoon(_ host: Int) {
    guard let watch = watches[host] else { return }
    agenda.add(.probe(host: host, generation: watch.generation), at: now + Self.probing)
  }

  private mutating func arrive(_ host: Int, _ number: Int64, _ command: HostCommand, _ fault: Fault.Kind?) {
    let couldServe = hosts[host].serves
    switch hosts[host].accept(command) {
    case .refused(let fence): reply(host, number, .refused(current: fence), after: Self.wire)
    case .repeats(let outcome): reply(host, number, outcome, after: Self.wire)
    case .busy: reply(host, number, .unanswered(detail: "busy with it"), after: Self.wire)
    case .begins:
      // Its probes need their time to tell that it serves again.
      let isNews = hosts[host].mendedAt.map { now < $0 + .seconds(10) } ?? false
      if couldServe, !isNews, command.key.step.takesDown { witness.seeTakenDown(host, rollout, hosts) }
      let length: TimeSpan = command.key.step == .stage ? .seconds(3) : .seconds(2)
      switch fault {
      case .hangs:
        reply(host, number, .unanswered(detail: "timed out"), after: command.limit)
      case .interrupted:
        hosts[host].interrupt(command.key)
        reply(host, number, .unanswered(detail: "connection lost"), after: Self.answerTimeout)
      default: agenda.add(.finish(host: host, number: number, command, fault), at: now + length)
      }
    }
    probeSoon(host)
  }

  private mutating func finish(_ host: Int, _ number: Int64, _ command: HostCommand, _ fault: Fault.Kind?) {
    let outcome: Outcome = fault == .fails ? .failed(detail: "exit status 1") : .succeeded
    hosts[host].finish(command, outcome, keepsOldVersion: fault == .keepsOldVersion)
    if case .activate = command.action, fault != .fails, let current = hosts[host].current, isWell(host, current) {
      agenda.add(.comesUp(host: host, current), at: now + .seconds(1))
    }
    switch fault {
    case .straggles: break
    case .lostAfter: reply(host, number, .unanswered(detail: "connection lost"), after: Self.answerTimeout)
    default:
      reply(host, number, outcome, after: Self.wire)
      if fault == .answersTwice { reply(host, number, outcome, after: .seconds(3)) }
    }
    probeSoon(host)
  }

  private func isWell(_ host: Int, _ version: Version) -> Bool {
    !(version == rollout.plan.release.version ? script.sickOnRelease : script.sickOnBaseline).contains(host)
  }

  // MARK: Controllers and people

  private mutating func takeOver() {
    guard !isAlive else { return }
    isAlive = true
    epoch += 1
    let takeover = Input.tookOver(
      epoch: epoch, holder: "controller \(epoch)", gap: epoch == 1 ? .zero : script.outage)
    if inbox != nil {
      // What people asked while nobody drove is heard in the same turn.
      giveTurn([takeover] + unanswered.compactMap { operation($0.act, $0.request) })
      return
    }
    offer(takeover)
    // Requests are kept until a record names them.
    for (request, act) in unanswered { agenda.add(.act(act, request: request), at: now) }
  }

  private func operation(_ act: Script.Act, _ request: String) -> Input? {
    guard case .say(let verb) = act else { return nil }
    return .operation(Operation(request: request, by: "ann", reason: "the test says so"), verb)
  }

  private mutating func crash() {
    isAlive = false
    inbox?.clear()
    started.removeAll()
    judged.removeAll()
    watches.removeAll()
    reconciled = 0
    if !script.deliversLateAnswers {
      agenda.removeAll { if case .input = $0 { true } else { false } }
    }
    guard let replayed = try? Rollout.replay(journal), replayed == rollout else {
      return witness.report("law 1: the fold of \(journal.count) records differs from the live state")
    }
    rollout = replayed
    agenda.add(.takeOver, at: now + script.outage)
  }

  private mutating func takeCue() {
    guard cuesTaken < script.cues.count, !rollout.isEnded, script.cues[cuesTaken].when(rollout) else { return }
    let cue = script.cues[cuesTaken]
    cuesTaken += 1
    let request = "request-\(cuesTaken)"
    if case .say = cue.act { unanswered.append((request, cue.act)) }
    agenda.add(.act(cue.act, request: request), at: now + cue.after)
  }

  mutating func perform(_ act: Script.Act, _ request: String) {
    switch act {
    case .say: if isAlive, let input = operation(act, request) { offer(input) }
    case .kill(let host):
      if hosts[host].isUp { hosts[host].isDownByUs = false }
      hosts[host].isUp = false
      probeSoon(host)
    case .cure(let host):
      script.sickOnRelease.removeAll { $0 == host }
      script.sickOnBaseline.removeAll { $0 == host }
      if !hosts[host].isUp { hosts[host].mendedAt = now }
      hosts[host].isUp = hosts[host].current != nil
      if hosts[host].serves { hosts[host].isDownByUs = false }
      probeSoon(host)
    case .cutOff(let host): hosts[host].isReachable = false
    case .reconnect(let host): hosts[host].isReachable = true
    case .jumpClock(let by):
      agenda.shift(by: by)
      now = now + by
      inbox?.shift(by: by)
      if isAlive { offer(.clockJumped(by: by, reason: "the clock was set")) }
    case .checksSay(let outcome):
      let verdict = Verdict(outcome: outcome, reason: "the checks say \(outcome.rawValue)")
      if isAlive { offer(.verdict(number: rollout.analysisNumber, verdict)) }
    case .checksSayAgain:
      speaksSoon = false
      guard isUnseen, var verdict = rollout.verdict else { return }
      verdict.lastSample = (verdict.lastSample ?? 0) + 1
      if isAlive { offer(.verdict(number: rollout.analysisNumber, verdict)) }
      speakSoon()
    case .historyIsFound: if isAlive { offer(.baselineTaken(number: rollout.analysisNumber)) }
    case .crash:
      if isAlive, inbox?.leavesInGoodOrder() == true { giveTurn(isLast: true) }
      if isAlive { crash() }
    }
  }
}

extension HostCommand {
  var limit: TimeSpan {
    switch action {
    case .stage: .minutes(5)
    case .activate(let activation): activation.timeout
    case .run(_, let timeout): timeout
    }
  }
}

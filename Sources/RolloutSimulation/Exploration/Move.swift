package import RolloutCore

/// One thing that can happen next in an explored world.
package enum Move: Hashable, Sendable {
  /// A controller takes over after `outage`.
  case takeOver(outage: TimeSpan)
  /// The controller dies, or is cut off from its store: what it would still send may arrive later, what it has not
  /// recorded is lost.
  case crash
  /// The step that is outstanding for this host is sent, and this becomes of it.
  case step(host: Int, Fate)
  /// The question that is outstanding for this host is asked.
  case ask(host: Int, Reply)
  /// A command that was on its way reaches its host.
  case arrive(wire: Int)
  /// An answer that was on its way reaches the controller.
  case deliver(wire: Int)
  /// The controller gives up waiting for the answer to a command or question on its way.
  case timeOut(wire: Int)
  /// What a host is still working on ends well.
  case finish(host: Int)
  /// What a host is still working on dies with its worker.
  case interrupt(host: Int)
  /// The probes of an instance notice what it is like.
  case probe(host: Int)
  case verdict(Verdict.Outcome)
  case historyIsFound
  case say(Input.Verb)
  /// The instance's process dies by itself.
  case fall(host: Int)
  /// Somebody mends an instance behind the rollout's back.
  case mend(host: Int)
  /// Time passes to the next deadline.
  case tick
  /// A second passes, and nothing is due; a minute where nothing ever is.
  case wait
  /// The turn ends: what follows from its inputs is worked out.
  case settle

  package enum Fate: Hashable, Sendable, CaseIterable {
    case done
    /// The host tries and says no.
    case fails
    /// It succeeds, and the instance does not come up.
    case comesUpSick
    /// It succeeds, and what runs is what ran before.
    case keepsOldVersion
    case notSent
    /// No answer, and the host never had it.
    case lostBefore
    /// The host acts, and its answer is lost.
    case lostAfter
    /// The host's worker dies half way, before any effect.
    case interrupted
    /// The host works on it for longer than anybody waits.
    case hangs
    /// No answer, and the command is still on its way.
    case straggles
    /// It takes its time, and the controller waits for the answer.
    case slow
    /// The host acts and answers, and a copy of the command is still on its way.
    case comesTwice
  }

  package enum Reply: Hashable, Sendable, CaseIterable {
    case answered
    case unreachable
    /// The host answers, and the answer takes its time.
    case late
  }
}

extension Move {
  func describe(_ plan: Plan, _ wires: [Wire]) -> String {
    func name(_ host: Int) -> String { plan.hosts[host].instance.id.text }
    func wire(_ index: Int) -> String { wires.indices.contains(index) ? wires[index].describe(plan) : "a message" }
    return switch self {
    case .takeOver(let outage): "a controller takes over after \(outage)"
    case .crash: "the controller dies"
    case .step(let host, let fate): "\(name(host)): its step is sent, \(fate.words)"
    case .ask(let host, .answered): "\(name(host)) is asked and answers"
    case .ask(let host, .unreachable): "\(name(host)) is asked and cannot be reached"
    case .ask(let host, .late): "\(name(host)) is asked, and its answer takes its time"
    case .arrive(let index): "\(wire(index)) arrives"
    case .deliver(let index): "\(wire(index)) arrives"
    case .timeOut(let index): "nobody waits any longer for what comes of \(wire(index))"
    case .finish(let host): "\(name(host)) finishes what it still worked on"
    case .interrupt(let host): "\(name(host)) loses the worker of its step"
    case .probe(let host): "\(name(host)): its probes notice what it is like"
    case .verdict(let outcome): "the checks say \(outcome.rawValue)"
    case .historyIsFound: "the sources have the baseline in their history"
    case .say(let verb): "ann says \(verb)"
    case .fall(let host): "\(name(host)) dies by itself"
    case .mend(let host): "\(name(host)) is mended by somebody"
    case .tick: "time passes to the next deadline"
    case .wait: "some time passes"
    case .settle: "the turn ends"
    }
  }
}

extension Move.Fate {
  fileprivate var words: String {
    switch self {
    case .done: "and done"
    case .fails: "and fails"
    case .comesUpSick: "is done, and the instance does not come up"
    case .keepsOldVersion: "is done, and what runs is what ran before"
    case .notSent: "but there is no way to the host"
    case .lostBefore: "and lost on the way"
    case .lostAfter: "is done, and the answer is lost"
    case .interrupted: "and its worker dies half way"
    case .hangs: "and takes longer than anybody waits"
    case .straggles: "and still on its way when nobody waits any longer"
    case .slow: "and takes its time"
    case .comesTwice: "is done, and a copy is still on its way"
    }
  }
}

/// A message between the controller and a host, on its way.
package enum Wire: Hashable, Sendable {
  /// `isAwaited`: the controller that sent it still waits for the answer.
  case command(host: Int, HostCommand, number: Int64, isAwaited: Bool)
  case answer(host: Int, Input)

  var host: Int {
    switch self {
    case .command(let host, _, _, _), .answer(let host, _): host
    }
  }

  func describe(_ plan: Plan) -> String {
    let name = plan.hosts[host].instance.id.text
    return switch self {
    case .command(_, let command, _, _): "\(command.key.step.rawValue) (fence \(command.fence)) for \(name)"
    case .answer: "the answer of \(name)"
    }
  }
}

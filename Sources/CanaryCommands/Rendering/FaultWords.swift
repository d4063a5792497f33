internal import RolloutCore
internal import RolloutSimulation

/// What went wrong in a simulation, in words.
enum FaultWords {
  static func sentence(_ fault: Fault, _ plan: Plan) -> String {
    switch fault.kind {
    case .losesPower, .reboots, .workerDies, .diskFull, .slow, .replaced, .serviceCrashes, .probesFlap:
      onHost(fault.kind, plan)
    case .releaseIsSick, .baselineIsSick, .releaseStartsLate, .releaseIsBad, .metricsAway, .metricsFlap:
      release(fault.kind, plan)
    case .cut, .loses, .duplicates, .straggles: network(fault.kind, plan)
    case .controllerStops, .controllerDies, .controllerLeaves, .clockJumps: controller(fault.kind)
    case .storeCrashes, .storeFull, .acknowledgementsLost, .storeSlow, .recordSpoilt: store(fault.kind)
    case .says(let verb, _): "somebody says \(verb)"
    case .startsAnother: "somebody starts another rollout"
    }
  }

  private static func name(_ host: Int, _ plan: Plan) -> String {
    plan.hosts.indices.contains(host) ? plan.hosts[host].instance.id.text : "host \(host)"
  }

  private static func length(_ milliseconds: Int64) -> String {
    milliseconds < 1_000 ? "\(milliseconds)ms" : TimeWords.length(TimeSpan(milliseconds: milliseconds))
  }

  private static func onHost(_ kind: Fault.Kind, _ plan: Plan) -> String {
    switch kind {
    case .losesPower(let host, let span): "\(name(host, plan)) loses power for \(length(span))"
    case .reboots(let host, let span): "\(name(host, plan)) reboots, which takes \(length(span))"
    case .workerDies(let host): "whatever step runs on \(name(host, plan)) is killed"
    case .diskFull(let host, let span): "the disk of \(name(host, plan)) is full for \(length(span))"
    case .slow(let host, let factor, let span):
      "\(name(host, plan)) is \(factor) times slower for \(length(span))"
    case .replaced(let host, let isEmpty):
      "\(name(host, plan)) is replaced by another machine, \(isEmpty ? "an empty one" : "on 1.0")"
    case .serviceCrashes(let host, let span):
      "the service on \(name(host, plan)) crashes and comes back after \(length(span))"
    case .probesFlap(let host, let span): "probes of \(name(host, plan)) flap for \(length(span))"
    default: ""
    }
  }

  private static func release(_ kind: Fault.Kind, _ plan: Plan) -> String {
    let version = plan.release.version
    return switch kind {
    case .releaseIsSick(let host): "\(version) does not come up on \(name(host, plan)) from now on"
    case .baselineIsSick(let host): "the old version does not come up on \(name(host, plan)) from now on"
    case .releaseStartsLate(let host, let by):
      "\(version) takes \(length(by)) longer to start on \(name(host, plan))"
    case .releaseIsBad: "\(version) does harm that the checks see"
    case .metricsAway(let span): "the metrics are away for \(length(span))"
    case .metricsFlap(let span): "the metrics come and go for \(length(span))"
    default: ""
    }
  }

  private static func network(_ kind: Fault.Kind, _ plan: Plan) -> String {
    switch kind {
    case .cut(let host, _, let there, let back, let span):
      "the way \(there && back ? "to and from" : there ? "to" : "back from") \(name(host, plan)) is cut for "
        + length(span)
    case .loses(let percent, let span): "\(percent) % of all messages get lost for \(length(span))"
    case .duplicates(let percent, let span): "\(percent) % of all messages arrive twice for \(length(span))"
    case .straggles(let percent, let span): "\(percent) % of all messages come up to 45s late for \(length(span))"
    default: ""
    }
  }

  private static func controller(_ kind: Fault.Kind) -> String {
    switch kind {
    case .controllerStops(_, let span): "the controller is stopped for \(length(span))"
    case .controllerDies(_, _, let outage): "the controller is killed; the next one comes after \(length(outage))"
    case .controllerLeaves(_, let outage):
      "the controller is told to leave; the next one comes after \(length(outage + 5_000))"
    case .clockJumps(_, let by): "the controller's clock jumps \(by < 0 ? "back" : "ahead") by \(length(abs(by)))"
    default: ""
    }
  }

  private static func store(_ kind: Fault.Kind) -> String {
    switch kind {
    case .storeCrashes(let outage): "the journal is away for \(length(outage))"
    case .storeFull(let span): "the journal's disk is full for \(length(span))"
    case .acknowledgementsLost(let count): "\(count) writes to the journal are not acknowledged"
    case .storeSlow(let latency, let span):
      "writing to the journal takes \(length(latency)) and more for \(length(span))"
    case .recordSpoilt: "a record of the journal is spoilt"
    default: ""
    }
  }
}

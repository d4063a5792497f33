internal import RolloutCore

extension Simulation {
  func inject(_ fault: Fault) {
    switch fault.kind {
    case .losesPower(let host, let outage): on(host) { $0.goDown(losingPower: true, for: outage) }
    case .reboots(let host, let outage): on(host) { $0.goDown(losingPower: false, for: outage) }
    case .workerDies(let host): on(host) { $0.killWorker() }
    case .diskFull(let host, let span):
      on(host) { $0.disk.isFull = true }
      later(span) { $0.on(host) { $0.disk.isFull = false } }
    case .slow(let host, let factor, let span):
      on(host) { $0.slowness = factor }
      later(span) { $0.on(host) { $0.slowness = 1 } }
    case .replaced(let host, let isEmpty): on(host) { $0.replace(with: Self.files(isEmpty: isEmpty)) }
    case .serviceCrashes(let host, let span): on(host) { $0.crashService(span) }
    case .releaseIsSick(let host): fleet.traits.sickOnRelease.append(host)
    case .baselineIsSick(let host): fleet.traits.sickOnBaseline.append(host)
    case .releaseStartsLate(let host, let by): fleet.traits.slow[host] = by
    case .cut(let host, let machine, let there, let back, let span):
      cut(host, machine.map { machines[$0 % machines.count].name }, there, back, span)
    case .loses, .duplicates, .straggles: disturbNetwork(fault.kind)
    case .controllerStops, .controllerDies, .controllerLeaves, .clockJumps: disturbControllers(fault.kind)
    case .storeCrashes, .storeFull, .acknowledgementsLost, .storeSlow, .recordSpoilt: disturbStore(fault.kind)
    case .probesFlap(let host, let span): if fleet.hosts.indices.contains(host) { fleet.flap(host, for: span) }
    case .metricsAway(let span):
      metrics.isAway = true
      later(span) { $0.metrics.isAway = false }
    case .metricsFlap(let span):
      metrics.isFlapping = true
      later(span) { $0.metrics.isFlapping = false }
    case .releaseIsBad: metrics.isReleaseBad = true
    case .says(let verb, let again): say(verb, again: again)
    case .startsAnother: startAnother()
    }
  }

  private func later(_ span: Int64, _ act: @escaping (Simulation) -> Void) {
    world.after(span) { [unowned self] in act(self) }
  }

  private func on(_ host: Int, _ act: (SimHost) -> Void) {
    if fleet.hosts.indices.contains(host) { act(fleet.hosts[host]) }
  }

  private func cut(_ host: Int, _ machine: String?, _ there: Bool, _ back: Bool, _ span: Int64) {
    guard fleet.hosts.indices.contains(host) else { return }
    let number = fleet.network.cut(host, machine: machine, there: there, back: back)
    fleet.changed(fleet.hosts[host])
    later(span) {
      $0.fleet.network.mend(host, number)
      $0.fleet.changed($0.fleet.hosts[host])
    }
  }

  private func disturbNetwork(_ kind: Fault.Kind) {
    switch kind {
    case .loses(let percent, let span):
      fleet.network.loss = percent
      later(span) { $0.fleet.network.loss = 0 }
    case .duplicates(let percent, let span):
      fleet.network.duplication = percent
      later(span) { $0.fleet.network.duplication = 0 }
    case .straggles(let percent, let span):
      fleet.network.straggling = percent
      later(span) { $0.fleet.network.straggling = 0 }
    default: break
    }
  }

  private func disturbControllers(_ kind: Fault.Kind) {
    switch kind {
    case .controllerStops(let number, let span): posts[number % scenario.controllers].pause(span)
    case .controllerDies(let number, let jobs, let outage):
      posts[number % scenario.controllers].die(after: jobs, outage: outage)
    case .controllerLeaves(let number, let outage): posts[number % scenario.controllers].leave(outage: outage)
    case .clockJumps(let number, let by): machines[number % machines.count].offset += by
    default: break
    }
  }

  private func disturbStore(_ kind: Fault.Kind) {
    switch kind {
    case .storeCrashes(let outage): store.crash(for: outage)
    case .storeFull(let span):
      store.isFull = true
      later(span) { $0.store.isFull = false }
    case .acknowledgementsLost(let count): store.losesAcknowledgements += count
    case .storeSlow(let latency, let span):
      store.latency = latency...latency * 2
      later(span) { $0.store.latency = 1...max(1, $0.scenario.latency) }
    case .recordSpoilt: spoil()
    default: break
    }
  }
}

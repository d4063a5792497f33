internal import RolloutCore

/// How fast things go, and what is wrong with the versions, in this world.
struct FleetTraits {
  var release: Version
  var baseline: Version
  var upload: ClosedRange<Int64> = 200...1_500
  var unpack: ClosedRange<Int64> = 100...800
  var sync: ClosedRange<Int64> = 1...6
  var restart: ClosedRange<Int64> = 200...1_500
  var hook: ClosedRange<Int64> = 50...600
  var startUp: ClosedRange<Int64> = 300...1_500
  var probing: ClosedRange<Int64> = 300...2_500
  var wire: ClosedRange<Int64> = 2...40
  /// Probes know which version answers.
  var assertsVersion = true
  /// There is no command that puts an instance back, so its restart does.
  var restartPutsBack = false
  var sickOnRelease: [Int] = []
  var sickOnBaseline: [Int] = []
  /// Hosts on which the release takes long to start, and how long.
  var slow: [Int: Int64] = [:]

  func isSick(_ version: Version, _ host: Int) -> Bool {
    (version == release && sickOnRelease.contains(host)) || (version == baseline && sickOnBaseline.contains(host))
  }

  func slowStart(_ host: Int) -> Int64 { slow[host] ?? 0 }

  /// After this long without a change everybody who probes has seen how it is.
  var probeLag: Int64 { probing.upperBound + 500 }
}

/// The hosts of one service, the network to them, and everybody who probes them.
final class Fleet {
  let world: World
  let referee: Referee
  var traits: FleetTraits
  private(set) var hosts: [SimHost] = []
  private var indexOf: [HostID: Int] = [:]
  private var watchers: [[Watcher]] = []
  private var flapping: [Int: Int64] = [:]
  var network: SimNetwork

  init(_ world: World, _ referee: Referee, _ traits: FleetTraits, _ hosts: [(id: HostID, files: HostFiles)]) {
    self.world = world
    self.referee = referee
    self.traits = traits
    network = SimNetwork(world, hosts.count)
    for (index, host) in hosts.enumerated() {
      self.hosts.append(SimHost(index, host.id, host.files, self))
      indexOf[host.id] = index
      watchers.append([])
    }
  }

  func host(_ id: HostID) -> SimHost? { indexOf[id].map { hosts[$0] } }

  // MARK: Probes

  func add(_ watcher: Watcher) {
    watchers[watcher.host.index].append(watcher)
    look(watcher, after: world.dice.time(traits.probing))
  }

  func remove(_ watcher: Watcher) { watchers[watcher.host.index].removeAll { $0 === watcher } }

  func watches(of process: SimProcess) -> Int { watchers.joined().count { $0.process === process } }

  /// Something about the host or the way to it is different: its probes will see it.
  func changed(_ host: SimHost) {
    for watcher in watchers[host.index] { look(watcher, after: world.dice.time(traits.probing)) }
  }

  /// Most instances out of service at once by our own doing.
  private(set) var worstDown = 0

  func noteDown() { worstDown = max(worstDown, hosts.count { $0.isDownByUs && !$0.serves } + 1) }

  func letGo() { for host in hosts { host.isDownByUs = false } }

  func forgetAll() { for host in hosts { host.forget() } }

  func changedAll() { for host in hosts { changed(host) } }

  /// For a while its probes give wrong answers too.
  func flap(_ host: Int, for span: Int64) {
    flapping[host] = world.now + span
    for offset in stride(from: Int64(0), through: span, by: 700) {
      world.after(offset) { self.changed(self.hosts[host]) }
    }
    world.after(span + 1) { self.changed(self.hosts[host]) }
  }

  private func look(_ watcher: Watcher, after span: Int64) {
    guard !watcher.isDue else { return }
    watcher.isDue = true
    world.after(span) {
      watcher.isDue = false
      watcher.see(self.health(watcher))
    }
  }

  private func health(_ watcher: Watcher) -> Health {
    let host = watcher.host
    if !network.isOpen(watcher.process.machine, host.index) { return .unhealthy(detail: "no route to host") }
    if let until = flapping[host.index], world.now < until, world.dice.chance(50) {
      return .unhealthy(detail: "timed out")
    }
    if !host.isUp || !host.answers { return .unhealthy(detail: "connection refused") }
    if traits.assertsVersion, let expecting = watcher.expecting, host.running != expecting {
      return .unhealthy(detail: "answers another version")
    }
    return .healthy
  }
}

/// One watch of one process over one host's probes.
final class Watcher: @unchecked Sendable {
  let process: SimProcess
  let host: SimHost
  let expecting: Version?
  var isDue = false
  private var last: Health?
  private var mail: [Health] = []
  private var wait: Wait<Bool>?

  init(_ process: SimProcess, _ host: SimHost, _ expecting: Version?) {
    self.process = process
    self.host = host
    self.expecting = expecting
  }

  func see(_ health: Health) {
    guard last != health else { return }
    last = health
    mail.append(health)
    wait?.finish(true)
    wait = nil
  }

  /// Nil when the watch is over.
  func next() async -> Health? {
    while mail.isEmpty {
      guard process.isAlive, !Task.isCancelled, await process.wait(or: false, { wait = $0 }) else { return nil }
    }
    return mail.removeFirst()
  }
}

extension Fleet {
  /// How long probes may take to see what changed, and a controller to act on it.
  var settling: Int64 { 2 * traits.probeLag + 8_000 }
}

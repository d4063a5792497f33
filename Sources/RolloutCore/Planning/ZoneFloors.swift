/// The zone rule: a wave never has two zones below their floor at the same time.
///
/// - A zone's *share* is what it may lose: `max_unavailable × instances of the zone ÷ instances of the service`,
///   rounded down, at least 1. Its *floor* is its size less its share. Excluded instances are counted nowhere.
/// - While a wave runs, at most `max_unavailable` of its hosts are down, and any of them may be. So the zones a and b
///   can be below their floors together only when the wave holds more than `share` hosts of each *and*
///   `(share(a) + 1) + (share(b) + 1) ≤ max_unavailable`. A wave without such a pair keeps the rule in every order of
///   events.
/// - Instances without a zone belong to none and never break the rule.
///
/// With `max_unavailable` of 3 or less no wave can break it; nor can a service of two zones.
struct ZoneFloors {
  /// In the order of the inventory.
  private(set) var zones: [String] = []
  private(set) var sizes: [Int] = []
  private(set) var shares: [Int] = []
  /// Index into `zones` by index into the plan's hosts; nil without a zone.
  private(set) var zoneOfHost: [Int?] = []
  let maxUnavailable: Int

  init(hosts: [PlannedHost], maxUnavailable: Int) {
    self.maxUnavailable = maxUnavailable
    var indexByName: [String: Int] = [:]
    var instances = 0
    for host in hosts {
      guard let name = host.instance.zone else {
        zoneOfHost.append(nil)
        instances += host.isCounted ? 1 : 0
        continue
      }
      let index = indexByName[name] ?? zones.count
      if index == zones.count {
        indexByName[name] = index
        zones.append(name)
        sizes.append(0)
      }
      zoneOfHost.append(index)
      guard host.isCounted else { continue }
      sizes[index] += 1
      instances += 1
    }
    shares = sizes.map { size in
      let (product, overflow) = maxUnavailable.multipliedReportingOverflow(by: size)
      return overflow ? size : max(1, product / max(1, instances))
    }
  }

  /// A pair of zones that hosts of a wave could take below their floors together, as indices into `zones`.
  /// `taken` holds the wave's hosts per zone. The two smallest shares decide: if they do not fit, no pair does.
  func brokenPair(_ taken: [Int]) -> (Int, Int)? {
    var least: Int?
    var second: Int?
    for zone in zones.indices where taken[zone] > shares[zone] {
      if let first = least {
        if shares[zone] < shares[first] {
          (least, second) = (zone, first)
        } else if second.map({ shares[zone] < shares[$0] }) ?? true {
          second = zone
        }
      } else {
        least = zone
      }
    }
    guard let least, let second, shares[least] + shares[second] + 2 <= maxUnavailable else { return nil }
    return (min(least, second), max(least, second))
  }

  /// How many of `hosts` each zone has.
  func taken(by hosts: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: zones.count)
    for host in hosts {
      if let zone = zoneOfHost[host] { counts[zone] += 1 }
    }
    return counts
  }

  /// Names of the zones of `hosts`, each once, in the order in which they are met.
  func names(of hosts: [Int]) -> [String] {
    var seen = [Bool](repeating: false, count: zones.count)
    var names: [String] = []
    for host in hosts {
      guard let zone = zoneOfHost[host], !seen[zone] else { continue }
      seen[zone] = true
      names.append(zones[zone])
    }
    return names
  }
}

extension PlannedHost {
  var isUpdated: Bool { task == .update }
  /// Part of the service's capacity as far as the rollout knows.
  var isCounted: Bool {
    if case .excluded = task { return false }
    return true
  }
}

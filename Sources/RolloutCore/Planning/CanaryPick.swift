/// Chooses the canary among the hosts to update.
///
/// - A count is that many hosts; a percentage is of the hosts this rollout updates, rounded up, at least 1. More than
///   there are means all of them.
/// - Hosts on a release that an unfinished rollout left behind come first.
/// - Candidates are hosts on the version that most of the hosts to update run, then the next most common, and so on.
///   Among those, the zone with the fewest canaries so far comes first, then the zone with the most hosts to update,
///   then the order of the inventory: one canary sits in the largest zone, several spread.
/// - A host that would break the zone rule (`ZoneFloors`) is passed over.
/// - Named hosts are taken as named, in that order.
struct CanaryPick {
  let hosts: [PlannedHost]
  let floors: ZoneFloors
  /// Indices of the hosts to update, in inventory order; not empty.
  let candidates: [Int]
  let release: Version
  let leftover: Version?

  struct Choice {
    var wave: PlannedWave
    var problems: [PlanProblem]
  }

  func choose(_ choice: CanaryChoice, indexOf: [HostID: Int]) -> Choice {
    switch choice {
    case .count(let count):
      pick(min(count, candidates.count), wish: "\(count)")
    case .percent(let percent):
      pick(
        max(1, Sizing.roundedUp(percent, of: candidates.count)),
        wish: "\(percentText(percent)) of \(counted(candidates.count, "host")) to update")
    case .hosts(let names):
      named(names, indexOf)
    }
  }

  private func named(_ names: [HostID], _ indexOf: [HostID: Int]) -> Choice {
    var problems: [PlanProblem] = []
    var chosen: [Int] = []
    for name in names {
      guard let index = indexOf[name] else {
        problems.append(
          PlanProblem(
            .unknownCanary, host: name, "named as canary, but the inventory does not have it",
            remedy: "correct the name under `canary: hosts:`"))
        continue
      }
      switch hosts[index].task {
      case .update:
        if !chosen.contains(index) { chosen.append(index) }
      case .none:
        problems.append(
          PlanProblem(
            .canaryAlreadyOnRelease, host: name, "named as canary, but already on \(release)",
            remedy: "name a host that still runs another version"))
      case .excluded(let reason):
        problems.append(
          PlanProblem(
            .excludedCanary, host: name, "named as canary, but excluded: \(reason)",
            remedy: "name another canary or drop the exclusion"))
      }
    }
    if let pair = floors.brokenPair(floors.taken(by: chosen)) { problems.append(acrossZones(pair)) }
    let names = chosen.map { hosts[$0].instance.id.text }.joined(separator: ", ")
    return result(chosen, "named in the policy: \(names)", problems)
  }

  private func pick(_ count: Int, wish: String) -> Choice {
    var taken = [Int](repeating: 0, count: floors.zones.count)
    var chosen: [Int] = []
    let groups = groupsByVersion()
    for group in groups where chosen.count < count {
      var queues = ZoneQueues(group, floors)
      while chosen.count < count, let next = queues.next(taken, floors) {
        chosen.append(next)
        if let zone = floors.zoneOfHost[next] { taken[zone] += 1 }
      }
    }
    var problems: [PlanProblem] = []
    if chosen.count < count {
      problems.append(
        PlanProblem(
          .canaryAcrossZones,
          "a canary of \(count) would take two zones below their floors at once; \(chosen.count) would not",
          remedy: "lower `canary` to \(chosen.count), or lower `max_unavailable`"))
    }
    return result(chosen, "\(wish): \(reason(chosen, groups))", problems)
  }

  /// Hosts to update by the version they run, the most common first, ties by the inventory.
  private func groupsByVersion() -> [[Int]] {
    var groups: [[Int]] = []
    var groupOf: [Version?: Int] = [:]
    for host in candidates {
      let version = hosts[host].from
      if let group = groupOf[version] {
        groups[group].append(host)
      } else {
        groupOf[version] = groups.count
        groups.append([host])
      }
    }
    let rank = { (group: Int) in (isLeftover(groups[group]) ? 0 : 1, -groups[group].count, group) }
    return groups.indices.sorted { rank($0) < rank($1) }.map { groups[$0] }
  }

  private func isLeftover(_ group: [Int]) -> Bool {
    group.first.map { leftover != nil && hosts[$0].from == leftover } ?? false
  }

  private func reason(_ chosen: [Int], _ groups: [[Int]]) -> String {
    let common = groups[0]
    if isLeftover(common), let leftover {
      return "an unfinished rollout left \(leftover) on \(chosen.count == 1 ? "it" : "them")"
    }
    let version = hosts[common[0]].from
    var text =
      switch (version, groups.count) {
      case (nil, 1): "nothing runs on \(chosen.count == 1 ? "it" : "them") yet"
      case (let version?, 1): "every host to update runs \(version)"
      case (nil, _): "most hosts to update (\(common.count) of \(candidates.count)) are empty"
      case (let version?, _): "most hosts to update (\(common.count) of \(candidates.count)) run \(version)"
      }
    let zones = floors.names(of: chosen)
    if zones.count > 1 {
      text += "; spread over zones \(zones.joined(separator: ", "))"
    } else if let zone = zones.first, floors.zones.count > 1 {
      text += "; in zone \(zone), which has the most hosts to update"
    }
    return text
  }

  private func result(_ chosen: [Int], _ why: String, _ problems: [PlanProblem]) -> Choice {
    var explanation = "canary \(why)"
    if !chosen.isEmpty && chosen.allSatisfy({ hosts[$0].from == nil }) {
      explanation += "; a first deploy has no earlier release to compare with"
    }
    if chosen.count == candidates.count {
      explanation += "; it is every host that is updated, so no sibling is left to compare it with"
    }
    return Choice(wave: PlannedWave(kind: .canary, hosts: chosen, explanation: explanation), problems: problems)
  }

  private func acrossZones(_ pair: (Int, Int)) -> PlanProblem {
    PlanProblem(
      .canaryAcrossZones,
      "the named canaries could take zones \(floors.zones[pair.0]) and \(floors.zones[pair.1]) below their floors "
        + "at once",
      remedy: "name canaries of one zone, or lower `max_unavailable`")
  }
}

/// Candidates of one version, queued by zone.
private struct ZoneQueues {
  private var queues: [[Int]] = []
  /// Index into the floors' zones; nil for hosts without one.
  private var zones: [Int?] = []
  private var heads: [Int] = []
  private var takenWithoutZone = 0

  init(_ group: [Int], _ floors: ZoneFloors) {
    var queueOf: [Int?: Int] = [:]
    for host in group {
      let zone = floors.zoneOfHost[host]
      if let queue = queueOf[zone] {
        queues[queue].append(host)
      } else {
        queueOf[zone] = queues.count
        queues.append([host])
        zones.append(zone)
        heads.append(0)
      }
    }
  }

  /// The next host by the rule of `CanaryPick`, or nil when none is left that keeps the zone rule.
  mutating func next(_ taken: [Int], _ floors: ZoneFloors) -> Int? {
    var best: Int?
    var bestRank = (0, 0)
    for queue in queues.indices where heads[queue] < queues[queue].count {
      if let zone = zones[queue], taken[zone] + 1 > floors.shares[zone] {
        var after = taken
        after[zone] += 1
        guard floors.brokenPair(after) == nil else { continue }
      }
      let rank = (zones[queue].map { taken[$0] } ?? takenWithoutZone, -queues[queue].count)
      if best == nil || rank < bestRank { (best, bestRank) = (queue, rank) }
    }
    guard let best else { return nil }
    defer { heads[best] += 1 }
    if zones[best] == nil { takenWithoutZone += 1 }
    return queues[best][heads[best]]
  }
}

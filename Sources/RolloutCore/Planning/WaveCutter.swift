/// Cuts the hosts that are left after the canary into waves.
///
/// `waves` is read like this, for `rest` hosts:
/// - a **count** is the size of its wave, as in Ansible's `serial`;
/// - a **percentage** is how far the rest has come when its wave ends: `[10%, 50%, 100%]` of 20 are waves of 2, 8
///   and 10. It rounds up. A mark that earlier waves already reached gives no wave; percentages must grow, since
///   `[30%, 30%, 40%]` could only be meant the other way round.
/// - A list that ends in a count goes on with that count until nobody is left, as `serial` does; a list that ends below
///   100 % is followed by one wave of everything that is left. An empty list is `[100%]`.
///
/// `[25%, 100%]` of 8 is 2, 6. `[1, 5, 25%, 100%]` of 40 is 1, 5, 4, 30. `[1, 5]` of 13 is 1, 5, 5, 2.
///
/// Hosts are taken zone by zone, zones in the order of the inventory, hosts without a zone last. Where a wave
/// would break the zone rule (`ZoneFloors`), it is split at the border of the zone that would be too many.
struct WaveCutter {
  let floors: ZoneFloors
  /// Indices of the hosts after the canary, in inventory order.
  let rest: [Int]

  func waves(_ list: [Quantity]) -> [PlannedWave] {
    let ordered = zoneByZone()
    var waves: [PlannedWave] = []
    for cut in Self.cuts(list, rest: rest.count) {
      let parts = split(ordered[cut.range])
      for (number, part) in parts.enumerated() {
        var text = "\(cut.wish): \(counted(part.count, "host"))"
        if parts.count > 1 {
          text +=
            ", part \(number + 1) of \(parts.count), split so that only one zone at a time can fall below its floor"
        }
        let zones = floors.names(of: part)
        if !zones.isEmpty {
          text += "; \(zones.count == 1 ? "zone" : "zones") \(zones.joined(separator: ", "))"
        }
        waves.append(PlannedWave(kind: .rolling, hosts: part, explanation: text))
      }
    }
    return waves
  }

  /// Hosts of one zone together, zones in the order of the inventory; hosts without a zone come last.
  func zoneByZone() -> [Int] {
    var groups = [[Int]](repeating: [], count: floors.zones.count + 1)
    for host in rest { groups[floors.zoneOfHost[host] ?? floors.zones.count].append(host) }
    return groups.flatMap { $0 }
  }

  struct Cut: Hashable {
    var range: Range<Int>
    /// The policy's words this wave comes from.
    var wish: String
  }

  /// Ranges of 0..<rest, each not empty, together all of it. Entries out of range count as their nearest value.
  static func cuts(_ list: [Quantity], rest: Int) -> [Cut] {
    var cuts: [Cut] = []
    var done = 0
    func reach(_ mark: Int, _ wish: String) {
      guard mark > done else { return }
      cuts.append(Cut(range: done..<mark, wish: wish))
      done = mark
    }
    for quantity in list where done < rest {
      switch quantity {
      case .count(let count): reach(done + min(max(1, count), rest - done), "a wave of \(count)")
      case .percent(let percent):
        reach(Sizing.roundedUp(percent, of: rest), "up to \(percentText(percent)) of the \(rest) after the canary")
      }
    }
    if case .count(let count)? = list.last {
      while done < rest {
        reach(done + min(max(1, count), rest - done), "waves of \(count), as the last entry goes on")
      }
    }
    let end = list.isEmpty ? "everything after the canary" : "everything that the policy's waves left"
    reach(rest, end)
    return cuts
  }

  private func split(_ hosts: ArraySlice<Int>) -> [[Int]] {
    var parts: [[Int]] = []
    var part: [Int] = []
    var taken = [Int](repeating: 0, count: floors.zones.count)
    for host in hosts {
      if let zone = floors.zoneOfHost[host] {
        taken[zone] += 1
        if taken[zone] == floors.shares[zone] + 1, floors.brokenPair(taken) != nil {
          let border = part.firstIndex { floors.zoneOfHost[$0] == zone } ?? part.endIndex
          parts.append(Array(part[..<border]))
          part.removeSubrange(..<border)
          taken = floors.taken(by: part)
          taken[zone] += 1
        }
      }
      part.append(host)
    }
    if !part.isEmpty { parts.append(part) }
    return parts
  }
}

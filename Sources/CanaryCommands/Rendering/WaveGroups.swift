import RolloutCore

/// Neighbouring waves that are shown as one line: each on its own where there is room, else those that are all done
/// and those that are all still to come together.
struct WaveGroup: Hashable, Sendable {
  enum Standing: Hashable, Sendable { case passed, current, ahead }

  var waves: ClosedRange<Int>
  var standing: Standing
  var hosts: [Int]

  static func groups(_ rollout: Rollout, folded: Bool) -> [WaveGroup] {
    var result: [WaveGroup] = []
    for (index, wave) in rollout.plan.waves.enumerated() {
      let standing = standing(index, rollout)
      if folded, standing != .current, let last = result.last, last.standing == standing {
        result[result.count - 1].waves = last.waves.lowerBound...index
        result[result.count - 1].hosts += wave.hosts
      } else {
        result.append(WaveGroup(waves: index...index, standing: standing, hosts: wave.hosts))
      }
    }
    return result
  }

  private static func standing(_ wave: Int, _ rollout: Rollout) -> Standing {
    if wave < rollout.passedWaves {
      // A burn-in that was promoted while paused has passed and is still at work.
      return rollout.currentWave == wave ? .current : .passed
    }
    return rollout.currentWave == wave ? .current : .ahead
  }

  /// `wave 2/4 · 3 hosts · passed · 3 healthy`
  func line(_ rollout: Rollout) -> StyledLine {
    let total = rollout.plan.waves.count
    let (sign, style): (String, Palette.Style) =
      switch standing {
      case .passed: (Signs.done, .good)
      case .current: rollout.isEnded ? (Signs.pending, .faint) : RolloutWords.look(rollout)
      case .ahead: (Signs.pending, .faint)
      }
    var line = StyledLine("\(sign) ", style)
    if waves.count > 1 {
      line.add("waves \(waves.lowerBound + 1)–\(waves.upperBound + 1)/\(total)", .strong)
    } else {
      line.add(RolloutWords.waveName(waves.lowerBound, rollout.plan), .strong)
    }
    if standing == .passed { line.add(" passed", .good) }
    line.add(" · \(RolloutWords.hosts(hosts.count))")
    let counts = HostCounts(rollout, hosts)
    if hosts.count > 1 { line.add(": \(counts.text.count > 44 ? counts.coarse : counts.text)") }
    return line
  }
}

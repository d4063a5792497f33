/// The bulk of the latency distribution: bounded scores of both arms, with the siblings' placebo.
struct LatencyBody: Hashable, Sendable {
  /// Log-scale tolerance and pass margin.
  let tolerance: Double
  let passMargin: Double
  var wealth = BetWealth(shares: BoundedScore.shares)
  var tempering = PlaceboTempering(bets: BoundedScore.bets.count)
  var pass: NonInferiority?
  private(set) var dispersion = Dispersion(windows: 2)
  /// Per instance: score beyond the common mean of its moments, and observations.
  private var excess: [Double]
  private var seen: [Double]
  private var windows: [Window]

  static let passBets = [0.06, 0.12, 0.25, 0.5, 1.0]

  private struct Window: Hashable, Sendable {
    let length: Double
    var clock: TimeWindow
    var levels: LevelTable
    init(length: Double, instances: Int) {
      self.length = length
      clock = TimeWindow(length: length)
      levels = LevelTable(instances: instances)
    }
  }

  init(tolerance: Double, passMargin: Double?, beta: Double, instances: Int) {
    self.tolerance = LogSpace.ofOnePlus(max(tolerance, 0))
    self.passMargin = LogSpace.ofOnePlus(max(passMargin ?? 0, 0))
    pass = passMargin.map { _ in NonInferiority(shares: Self.passBets.map { _ in 1 }, beta: beta) }
    excess = Array(repeating: 0, count: instances)
    seen = excess
    windows = [10, 60].map { Window(length: $0, instances: instances) }
  }

  /// Tolerance in force after `seen` effective observations: see `RateSide.tolerated`. One observation tells about a
  /// shift of log latency what 1/σ² says.
  func tolerance(after seen: Double, spread: Double) -> Double {
    guard tolerance > 0 else { return 0 }
    let needed = max(spread, 0.02) / tolerance
    return tolerance * seen / (seen + needed * needed)
  }

  mutating func record(canary: Levels, siblings: Levels, mean: Double) {
    for (index, bet) in BoundedScore.bets.enumerated() {
      let factor = BoundedScore.logFactor(bet: bet, sign: 1, mean: mean, canary: canary, siblings: siblings)
      wealth.multiply(index, byLog: tempering.temper[index] * factor)
    }
  }

  mutating func recordPass(canary: Levels, siblings: Levels, mean: Double) {
    guard canary.total > 0, siblings.total > 0 else { return }
    for (index, bet) in Self.passBets.enumerated() {
      let factor = BoundedScore.logFactor(bet: bet, sign: -1, mean: mean, canary: canary, siblings: siblings)
      pass?.multiply(index, byLog: tempering.temper[1] * factor)
    }
    pass?.finish(exposure: canary.total)
  }

  /// Adds the siblings' levels of a tick, by instance, and plays the placebo where a window is full.
  mutating func learn(_ levels: LevelTable, among old: [Int], second: Double, mean: Double) {
    windows[0].levels.add(old, of: levels)
    guard windows[0].clock.closes(at: second) else { return }
    windows[1].levels.add(old, of: windows[0].levels)
    finish(0, among: old, second: second, mean: mean)
    if windows[1].clock.closes(at: second) { finish(1, among: old, second: second, mean: mean) }
  }

  mutating func forgetWindows() {
    for window in windows.indices { windows[window].levels.clear() }
  }

  /// The instance's usual score beyond the common mean, drawn to 0 while little is known.
  private func usual(_ index: Int) -> Double { excess[index] / (seen[index] + 500) }

  private mutating func finish(_ window: Int, among old: [Int], second: Double, mean: Double) {
    let total = windows[window].levels.sum(old)
    if total.total > 0, old.count > 1 {
      disperse(window, among: old, total: total)
      play(window, among: old, total: total, second: second, mean: mean)
    }
    let common = total.mean
    for index in old {
      if window == 1 {
        let count = windows[window].levels.totals[index]
        excess[index] += (windows[window].levels.mean(index) - common) * count
        seen[index] += count
      }
      windows[window].levels.clear(index)
    }
  }

  /// χ² of the instances' mean scores against the common mean and what each usually differs by.
  private mutating func disperse(_ window: Int, among old: [Int], total: Levels) {
    let variance = total.variance
    guard variance > 1e-6, old.count > 2 else { return }
    var common = 0.0
    for index in old { common += windows[window].levels.totals[index] * usual(index) }
    common /= total.total
    let level = total.mean
    var (square, count) = (0.0, 0.0)
    for index in old where windows[window].levels.totals[index] > 0 {
      let size = windows[window].levels.totals[index]
      let difference = windows[window].levels.mean(index) - level - (usual(index) - common)
      let doubt = size * seen[index] / ((seen[index] + 500) * (seen[index] + 500))
      square += size * difference * difference / variance / (1 + doubt)
      count += 1
    }
    guard count > 2 else { return }
    dispersion.record(square: square, freedom: count - 2, variance: 2 * (count - 2), window: window)
  }

  private mutating func play(_ window: Int, among old: [Int], total: Levels, second: Double, mean: Double) {
    let turn = PlaceboRates.turn(second: second, length: windows[window].length, of: old.count)
    for step in 0..<PlaceboRates.players(of: old.count) {
      let index = old[(turn + step) % old.count]
      let own = windows[window].levels.levels(index)
      var rest = total
      rest.add(own, sign: -1)
      guard own.total > 0, rest.total > 0 else { continue }
      let offset = max(0, usual(index))
      for (bet, size) in BoundedScore.bets.enumerated() {
        let factor = BoundedScore.logFactor(
          bet: size, sign: 1, mean: mean, canary: own, siblings: rest, canaryOffset: offset, guardFactor: 1.1)
        tempering.record(factor, bet: bet, window: window)
      }
    }
  }

  mutating func settle() {
    dispersion.settle()
    tempering.settle()
  }
}

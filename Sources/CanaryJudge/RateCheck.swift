/// A check about events among exposure: errors among requests, orders among requests, requests of an instance per
/// second. Regression on one or two sides, a pass where the rule gives a margin, and what people are shown.
struct RateCheck: Hashable, Sendable {
  private(set) var sides: [RateSide]
  private(set) var pass: RatePass?
  /// The updated arm since it is judged, and the siblings wherever both could be compared.
  private(set) var total = RateTick.none
  private(set) var strata = RatioStrata()
  /// The updated arm against the blocks of the recording that were used.
  private(set) var soakTotal = RateTick.none
  private(set) var soakStrata = RatioStrata()
  private(set) var trend = SiblingTrend()
  private(set) var silentTicks = 0
  private(set) var silentSiblings = 0
  /// The last tick taken was compared with the recording.
  private(set) var isOnRecording = false
  private var rates: InstanceRates
  private var dispersion = Dispersion(windows: 3)
  private var windows: [RateWindow]
  private var settling = TimeWindow(length: 60)
  private var stakes: StakeSchedule
  private var recorded = RecordedCounts()
  private var soakPlaced = 0.0
  /// Tempering learnt by placebo; otherwise 1/φ.
  private let usesPlacebo: Bool
  /// Updated instances that the evidence is being taken of.
  private var compared: [Int] = []
  private var comparedInSoak = false
  /// Whether readings without exposure say something (shares) or not (ratios).
  private let instances: Int

  init(sides: [RateSide], pass: RatePass?, usesPlacebo: Bool, instances: Int, horizon: Double) {
    self.sides = sides
    self.pass = pass
    self.usesPlacebo = usesPlacebo
    self.instances = instances
    rates = InstanceRates(instances: instances)
    windows = [0, 10, 60].map { RateWindow(length: $0, instances: instances) }
    stakes = .spread(over: horizon)
  }

  /// Takes a tick. `judged` is the time judged before it, nil while nothing is judged; `isWarm` opens the pass side.
  mutating func record(_ readings: [Measurement], moment: Moment, judged: Double?, isWarm: Bool) {
    let counts = ArmCounts(readings, instances: instances)
    if moment.armsChanged { change(moment) }
    if !moment.isBeforeDeploy {
      silentTicks = counts.hasReport(moment.serving) ? 0 : silentTicks + 1
      silentSiblings = counts.silent(moment.siblings)
    }
    isOnRecording = moment.isSoak && !recorded.isEmpty
    if let judged {
      place(stakes.due(at: judged))
      if moment.isSoak {
        if counts.hasReport(moment.updated) { soak(counts, moment: moment) }
      } else {
        compare(counts.tick(updated: moment.updated, siblings: moment.siblings), isWarm: isWarm)
      }
    }
    learn(counts, moment: moment)
  }

  private mutating func place(_ stake: Double) {
    for index in sides.indices { sides[index].wealth.place(stake) }
  }

  private mutating func compare(_ tick: RateTick, isWarm: Bool) {
    guard tick.isComparable else {
      total.canaryExposure += tick.canaryExposure
      total.canaryEvents += tick.canaryEvents
      return
    }
    total.add(tick)
    strata.record(tick)
    let flat = usesPlacebo ? nil : 1 / dispersion.factor
    for index in sides.indices {
      sides[index].record(tick, dispersion: dispersion.factor, flat: flat)
    }
    guard isWarm, pass != nil else { return }
    let temper = sides.first.map(passTemper) ?? 1
    pass?.record(tick, temper: temper)
  }

  private func passTemper(_ side: RateSide) -> Double {
    usesPlacebo ? side.tempering.temper[min(1, side.tempering.temper.count - 1)] : 1 / dispersion.factor
  }

  /// Against the recording, with the null widened by what may have drifted since.
  private mutating func soak(_ counts: ArmCounts, moment: Moment) {
    let mine = counts.tick(updated: moment.updated, siblings: [])
    total.add(mine)
    place((recorded.usedShare * 0.5 + 0.5) * stakes.heldBack - soakPlaced)
    soakPlaced = max(soakPlaced, (recorded.usedShare * 0.5 + 0.5) * stakes.heldBack)
    guard
      let tick = recorded.pair(
        events: mine.canaryEvents, exposure: mine.canaryExposure, seconds: moment.duration)
    else { return }
    soakTotal.add(tick)
    soakStrata.record(tick)
    let flat = usesPlacebo ? nil : 1 / dispersion.factor
    for index in sides.indices {
      sides[index].record(tick, dispersion: dispersion.factor, flat: flat, widening: RecordedCounts.drift)
    }
  }

  /// What the instances on the old version teach, for the ticks to come.
  private mutating func learn(_ counts: ArmCounts, moment: Moment) {
    let old = moment.siblings.filter { counts.reported[$0] }
    if moment.isBeforeDeploy {
      let all = counts.tick(updated: [], siblings: old)
      recorded.record(events: all.baselineEvents, exposure: all.baselineExposure, seconds: moment.duration)
    }
    let level = counts.tick(updated: [], siblings: old)
    trend.record(
      events: level.baselineEvents, exposure: level.baselineExposure, seconds: moment.duration,
      isBeforeDeploy: moment.isBeforeDeploy)
    rates.record(events: counts.events, exposure: counts.exposure, among: old)
    for index in windows.indices {
      windows[index].add(events: counts.events, exposure: counts.exposure, among: old)
      guard windows[index].closes(at: moment.second) else { continue }
      finish(window: index, among: old, second: moment.second)
      windows[index].clear()
    }
    if settling.closes(at: moment.second) || moment.armsChanged { settle(moment) }
  }

  private mutating func finish(window: Int, among old: [Int], second: Double) {
    let data = windows[window]
    var (total, base) = (0.0, 0.0)
    for index in old {
      total += data.events[index]
      base += data.exposure[index] * rates.usual(index)
    }
    guard total > 0, base > 0 else { return }
    var (events, expected, doubt) = ([Double](), [Double](), [Double]())
    for index in old {
      let mean = total * data.exposure[index] * rates.usual(index) / base
      let known = rates.expected[index] + 20
      events.append(data.events[index])
      expected.append(mean)
      doubt.append(mean / known * rates.expected[index] / known)
    }
    dispersion.record(events: events, expected: expected, doubt: doubt, window: window)
    guard window > 0, usesPlacebo else { return }
    let turn = PlaceboRates.turn(second: second, length: data.length, of: old.count)
    for index in sides.indices {
      let side = sides[index]
      PlaceboRates.play(
        data, among: old, rates: rates, bets: side.bets, direction: side.direction, turn: turn
      ) {
        sides[index].tempering.record($1, bet: $0, window: window - 1)
      }
    }
  }

  private mutating func settle(_ moment: Moment) {
    dispersion.settle()
    for index in sides.indices { sides[index].tempering.settle() }
    believe(updated: moment.updated, siblings: moment.siblings)
  }

  private mutating func believe(updated: [Int], siblings: [Int]) {
    guard !updated.isEmpty else { return }
    // All against the recording of all: nothing to subtract.
    let belief =
      siblings.isEmpty
      ? [InstanceRates.Part(weight: 1, mean: 0, variance: 0)]
      : rates.difference(updated: updated, siblings: siblings, dispersion: dispersion.factor)
    for index in sides.indices { sides[index].natural.believe(belief) }
  }

  private mutating func change(_ moment: Moment) {
    for index in windows.indices { windows[index].clear() }
    dispersion.settle()
    for index in sides.indices { sides[index].tempering.settle() }
    if !moment.updated.isEmpty, moment.updated != compared || moment.isSoak != comparedInSoak {
      (compared, comparedInSoak) = (moment.updated, moment.isSoak)
      for index in sides.indices { sides[index].natural.close() }
    }
    believe(updated: moment.updated, siblings: moment.siblings)
  }

  var recordingIsUsedUp: Bool { recorded.usedShare >= 1 }

  /// ln of the mean of the sides' E.
  var logValue: Double {
    LogSpace.sum(sides.map(\.logValue)) - LogSpace.of(Double(max(sides.count, 1)))
  }

  var passState: CheckState.PassState? {
    pass.map {
      CheckState.PassState(
        value: $0.process.logValue, threshold: $0.process.logThreshold, isEarned: $0.process.isEarned)
    }
  }

  /// The side with the most evidence.
  var strongest: RateSide? { sides.max { $0.logValue < $1.logValue } }

  var lowestTemper: Double {
    usesPlacebo ? sides.map(\.tempering.lowest).min() ?? 1 : 1 / dispersion.factor
  }
}

/// A check about a histogram of latencies: its body by bounded scores and its tail by exceedances of the siblings'
/// quantiles, each instance shifted first by what it differed by before the deploy and by the tolerance.
struct LatencyCheck: Hashable, Sendable {
  private(set) var body: LatencyBody
  private(set) var tails: [LatencyTail]
  private(set) var silentTicks = 0
  private(set) var silentSiblings = 0
  private(set) var isOnRecording = false
  /// Both arms since judging began, by bucket, and the siblings before the deploy and of about the last minute.
  private(set) var shown: ShownLatency?
  private(set) var updatedTotal = 0.0
  private var atlas: LayoutAtlas?
  private var reference = LatencyReference(buckets: 0)
  private var offsets: LatencyOffsets
  private var recorded = RecordedLatency(buckets: 0)
  private var beliefs: [LatencyOffsets.Belief?]
  /// Per instance, the worth of its buckets; nil until next used.
  private var regressionShifts: [ScaleShift?]
  private var passShifts: [ScaleShift?]
  private var isWarm: [Bool]
  private var stakes: StakeSchedule
  private var soakPlaced = 0.0
  private var pendingSoak: LatencyArm
  private var scores: SiblingScores
  private var pendingSeconds = 0.0
  private var settling = TimeWindow(length: 60)
  private var collected = 0.0
  /// Effective observations n_a·n_b/(n_a + n_b) after the warm-up, and as many as the shifts in force were made for.
  private var information = 0.0
  private var resolved = 0.0
  private let instances: Int
  private let warmUp: Double

  /// Factor of latency tolerated of an instance in its warm-up: still a guard against disasters.
  static let coldFactor = 3.0
  /// Seconds of siblings' data used for offsets where nothing was recorded before the deploy.
  static let lateCollection = 300.0

  init(body: LatencyBody, tails: [LatencyTail], instances: Int, warmUp: Double, horizon: Double, initialDelay: Double) {
    self.body = body
    self.tails = tails
    self.instances = instances
    self.warmUp = warmUp
    offsets = LatencyOffsets(instances: instances, buckets: 0)
    beliefs = Array(repeating: nil, count: instances)
    regressionShifts = Array(repeating: nil, count: instances)
    passShifts = regressionShifts
    isWarm = Array(repeating: false, count: instances)
    pendingSoak = LatencyArm(quantiles: tails.count)
    scores = SiblingScores(instances: instances, quantiles: tails.count)
    stakes = .latency(warmUp: max(0, warmUp - initialDelay), horizon: horizon)
  }

  var layout: HistogramLayout? { atlas?.layout }
  var recordingIsUsedUp: Bool { recorded.usedShare >= 1 }

  mutating func record(_ readings: [Measurement], moment: Moment, judged: Double?) {
    if moment.armsChanged { change(moment) }
    let look = admit(readings)
    if !moment.isBeforeDeploy {
      silentTicks = moment.serving.contains { look.has($0) } ? 0 : silentTicks + 1
      silentSiblings = moment.siblings.count { !look.has($0) }
    }
    let old = moment.siblings.filter { look.has($0) }
    let siblings = reference.isReady ? score(look, old) : nil
    isOnRecording = moment.isSoak && !recorded.isEmpty
    if let judged {
      place(stakes.due(at: judged))
      count(look, moment: moment)
      if let siblings { compare(look, siblings: siblings, moment: moment) }
    }
    learn(look, old: old, siblings: siblings, moment: moment)
  }

  private mutating func place(_ stake: Double) {
    body.wealth.place(stake)
    for index in tails.indices { tails[index].wealth.place(stake) }
  }

  /// Brings the readings' layouts to a common one.
  private mutating func admit(_ readings: [Measurement]) -> LatencyLook {
    let look = LatencyLook(readings, instances: instances, atlas: atlas)
    guard look.hasUnknownLayout else { return look }
    for index in 0..<min(instances, readings.count) {
      guard case .histogram(let histogram) = readings[index] else { continue }
      guard atlas != nil else {
        start(histogram.upperBounds)
        continue
      }
      if atlas?.map(histogram.upperBounds) != nil { continue }
      let answer = atlas?.admit(histogram.upperBounds)
      if let map = answer?.coarsening { coarsen(map) }
    }
    return LatencyLook(readings, instances: instances, atlas: atlas)
  }

  private mutating func start(_ bounds: [Double]) {
    guard let fresh = LayoutAtlas(bounds: bounds) else { return }
    atlas = fresh
    let count = fresh.layout.count
    reference = LatencyReference(buckets: count)
    offsets = LatencyOffsets(instances: instances, buckets: count)
    recorded = RecordedLatency(buckets: count)
    shown = ShownLatency(buckets: count)
  }

  private mutating func coarsen(_ map: [Int32]) {
    guard let count = atlas?.layout.count else { return }
    reference.coarsen(map, buckets: count)
    offsets.coarsen(map, buckets: count)
    recorded.coarsen(map, buckets: count)
    shown?.coarsen(map, buckets: count)
    forgetShifts()
    renew()
  }

  private mutating func forgetShifts() {
    for index in 0..<instances { (regressionShifts[index], passShifts[index]) = (nil, nil) }
  }

  private mutating func renew() {
    guard let layout = atlas?.layout else { return }
    reference.renew(layout: layout, quantiles: tails.map(\.quantile))
    forgetShifts()
  }

  /// Scores the siblings' observations, each instance's apart, and adds them up.
  private mutating func score(_ look: LatencyLook, _ old: [Int]) -> LatencyArm {
    scores.clear()
    for index in old { scores.score(index, look, reference: reference) }
    return scores.sum(old)
  }

  /// What the updated arm served, whether it can be compared or not.
  private mutating func count(_ look: LatencyLook, moment: Moment) {
    for index in moment.updated {
      for cell in look.cells[look.range(index)] {
        shown?.addUpdated(cell.place, cell.count, isSoak: moment.isSoak && reference.isReady)
        updatedTotal += cell.count
      }
    }
  }

  private mutating func compare(_ look: LatencyLook, siblings: LatencyArm, moment: Moment) {
    var canary = LatencyArm(quantiles: tails.count)
    var warmed = canary
    for index in moment.updated where look.has(index) {
      let warm = (moment.age[index] ?? 0) >= warmUp
      prepare(index, warm: warm, isSoak: moment.isSoak)
      guard let shift = regressionShifts[index], let passShift = passShifts[index] else { continue }
      for cell in look.cells[look.range(index)] {
        canary.add(bucket: cell.place, count: cell.count, shift: shift)
        if warm { warmed.add(bucket: cell.place, count: cell.count, shift: passShift) }
      }
    }
    if moment.isSoak {
      // A look that nobody answered uses nothing up.
      guard moment.updated.contains(where: { look.has($0) }) else { return }
      soak(canary, seconds: moment.duration)
      return
    }
    bet(canary: canary, siblings: siblings)
    resolve(warmed.levels.total, siblings.levels.total)
    guard warmed.levels.total > 0 else { return }
    body.recordPass(canary: warmed.levels, siblings: siblings.levels, mean: reference.meanScore)
    for index in tails.indices where reference.thresholds[index] != nil {
      tails[index].recordPass(Self.tick(warmed, siblings, index))
    }
  }

  /// Counts what can be told by now; the shifts are made anew when it grew by a twentieth.
  private mutating func resolve(_ canary: Double, _ siblings: Double) {
    if canary > 0, siblings > 0 { information += canary * siblings / (canary + siblings) }
    guard information > 1.05 * resolved + 10 else { return }
    resolved = information
    forgetShifts()
  }

  private mutating func bet(canary: LatencyArm, siblings: LatencyArm) {
    body.record(canary: canary.levels, siblings: siblings.levels, mean: reference.meanScore)
    for index in tails.indices where reference.thresholds[index] != nil {
      tails[index].record(Self.tick(canary, siblings, index))
    }
  }

  private static func tick(_ canary: LatencyArm, _ siblings: LatencyArm, _ quantile: Int) -> RateTick {
    RateTick(
      canaryExposure: canary.levels.total, canaryEvents: canary.exceeding[quantile],
      baselineExposure: siblings.levels.total, baselineEvents: siblings.exceeding[quantile])
  }

  /// Against the recording, with the tolerance widened by what may have drifted since.
  private mutating func soak(_ canary: LatencyArm, seconds: Double) {
    let due = (recorded.usedShare * 0.5 + 0.5) * stakes.heldBack
    place(due - soakPlaced)
    soakPlaced = max(soakPlaced, due)
    pendingSoak.add(canary)
    pendingSeconds += seconds
    guard let needed = recorded.nextSeconds, pendingSeconds >= needed - 1e-9, let block = recorded.take() else {
      return
    }
    var baseline = LatencyArm(quantiles: tails.count)
    for bucket in block.counts.indices where block.counts[bucket] > 0 {
      baseline.add(bucket: bucket, count: block.counts[bucket], reference: reference)
    }
    shown?.pair(block.counts)
    bet(canary: pendingSoak, siblings: baseline)
    pendingSoak = LatencyArm(quantiles: tails.count)
    pendingSeconds = 0
  }

  /// Makes an instance's shifts where they are missing or its warm-up has ended.
  private mutating func prepare(_ index: Int, warm: Bool, isSoak: Bool) {
    if warm != isWarm[index] {
      isWarm[index] = warm
      (regressionShifts[index], passShifts[index]) = (nil, nil)
    }
    guard regressionShifts[index] == nil, let layout = atlas?.layout else { return }
    let belief = beliefs[index] ?? LatencyOffsets.Belief(mean: 0, deviation: 0.05)
    let extra =
      (warm ? 0 : LogSpace.of(Self.coldFactor)) + (isSoak ? LogSpace.of(RecordedCounts.drift) : 0)
    let move = { (tolerance: Double) in
      ScaleShift.Move(offset: belief.mean + extra, tolerance: max(tolerance, 3 * belief.deviation))
    }
    regressionShifts[index] = ScaleShift(
      reference: reference, layout: layout, body: move(body.tolerance(after: resolved, spread: reference.spread)),
      tails: tails.map { move($0.tolerance(after: resolved)) })
    let passMove = { (margin: Double) in
      ScaleShift.Move(offset: belief.mean - belief.deviation, tolerance: margin, isPass: true)
    }
    passShifts[index] = ScaleShift(
      reference: reference, layout: layout, body: passMove(body.passMargin),
      tails: tails.map { passMove($0.passMargin) })
  }

  /// What the instances on the old version teach, for the ticks to come. `siblings` is nil while nothing is scored.
  private mutating func learn(_ look: LatencyLook, old: [Int], siblings: LatencyArm?, moment: Moment) {
    collect(look, old: old, moment: moment)
    if let all = siblings?.levels {
      body.learn(scores.table, among: old, second: moment.second, mean: reference.meanScore)
      for index in tails.indices where reference.thresholds[index] != nil {
        tails[index].learn(
          events: scores.exceeding[index], exposure: scores.table.totals, among: old, second: moment.second)
      }
      if all.total > 0 { reference.follow(mean: all.mean, seconds: moment.duration) }
    }
    guard settling.closes(at: moment.second) else { return }
    renew()
    settle()
    if !moment.isBeforeDeploy, collected < Self.lateCollection { believe(moment) }
  }

  private mutating func collect(_ look: LatencyLook, old: [Int], moment: Moment) {
    shown?.fade(seconds: moment.duration)
    reference.add(look, old)
    shown?.add(look, old, isBeforeDeploy: moment.isBeforeDeploy)
    if moment.isBeforeDeploy || collected < Self.lateCollection {
      collected += moment.duration
      offsets.add(look, old)
    }
    if moment.isBeforeDeploy {
      var all = Array(repeating: 0.0, count: reference.counts.count)
      for index in old { for cell in look.cells[look.range(index)] { all[cell.place] += cell.count } }
      if !all.isEmpty { recorded.record(all, seconds: moment.duration) }
    }
  }

  private mutating func settle() {
    body.settle()
    for index in tails.indices { tails[index].tempering.settle() }
  }

  private mutating func change(_ moment: Moment) {
    body.forgetWindows()
    for index in tails.indices { tails[index].forgetWindows() }
    renew()
    settle()
    believe(moment)
  }

  private mutating func believe(_ moment: Moment) {
    guard let layout = atlas?.layout, !moment.updated.isEmpty else { return }
    if !moment.siblings.isEmpty {
      let found = offsets.beliefs(
        updated: moment.updated, siblings: moment.siblings, layout: layout, dispersion: body.dispersion.factor)
      for (index, belief) in zip(moment.updated, found) { beliefs[index] = belief }
    } else {
      // All against the recording of all: nothing to subtract.
      for index in moment.updated { beliefs[index] = LatencyOffsets.Belief(mean: 0, deviation: 0) }
    }
    forgetShifts()
  }
}

internal import CanaryJudge
internal import ImmuneSystem
internal import Observers
internal import RolloutCore
internal import RolloutEngine

/// What the service's rollouts recorded of instances on the old version: all of them before the push, and those not yet
/// updated afterwards.
struct StoredRecordings {
  private(set) var recordings: [Recording] = []
  /// What could not be used, and why.
  private(set) var notes: [String] = []

  /// Rollouts whose samples are kept, and records fetched at once.
  private static let rollouts = 20
  private static let page = 1000

  static func read(
    of policy: Policy, from store: any CommandStore, in session: Session
  ) async throws(CommandFailure) -> StoredRecordings {
    var stored = StoredRecordings()
    let summaries = try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: policy.service, openOnly: false, limit: rollouts)
    }
    // Oldest first, as in the other sources.
    for summary in summaries.reversed() {
      var tape = SampleTape(policy)
      var next = 0
      while true {
        let start = next
        let records = try await session.read { () async throws(StoreFailure) in
          try await store.samples(of: summary.id, from: start, limit: page)
        }
        if next == 0, !records.isEmpty {
          guard let rollout = try? await session.load(summary.id, from: store).rollout else {
            stored.notes.append("\(summary.id): its journal cannot be read, left out")
            break
          }
          tape.plan = rollout.plan
        }
        for record in records {
          do throws(SampleCodec.Damage) { tape.take(try SampleCodec.decode(record)) } catch {
            tape.isDamaged = true
          }
        }
        next += records.count
        if records.count < page { break }
      }
      stored.recordings += tape.recordings.filter { !$0.looks.isEmpty }
      if tape.isDamaged { stored.notes.append("\(summary.id): samples that cannot be read are left out") }
      if !tape.changed.isEmpty {
        stored.notes.append("\(summary.id): measured otherwise then, left out: \(tape.changed.joined(separator: ", "))")
      }
    }
    return stored
  }
}

/// The samples of one rollout on their way into recordings.
private struct SampleTape {
  private let policy: Policy
  var plan: Plan? { didSet { map() } }
  var isDamaged = false
  private(set) var recordings: [Recording] = []
  /// Checks of the same name that measured something else.
  private(set) var changed: [String] = []
  /// By check of the plan, the check of the policy.
  private var places: [Int?] = []
  private var segment: Segment?
  private var layouts = LayoutShelf()

  init(_ policy: Policy) { self.policy = policy }

  private mutating func map() {
    places = (plan?.policy.checks ?? []).map { then in
      policy.checks.firstIndex { $0.name == then.name && $0.measure == then.measure }
    }
    changed = (plan?.policy.checks ?? []).enumerated().filter { index, then in
      places[index] == nil && policy.checks.contains { $0.name == then.name }
    }.map(\.element.name)
  }

  mutating func take(_ sample: Sample) {
    switch sample {
    case .segment(let next):
      if next.number != segment?.number || next.hosts != segment?.hosts {
        let names = next.hosts.map { host in
          plan.flatMap { $0.hosts.indices.contains(host) ? $0.hosts[host].instance.id.text : nil } ?? "\(host)"
        }
        recordings.append(Recording(name: plan?.rollout.text ?? "", instances: names))
      }
      segment = next
    case .look(let look):
      var checks: [CheckLook] = []
      for check in look.checks {
        if let shown = shown(check) { checks.append(shown) }
      }
      guard !checks.isEmpty, !recordings.isEmpty else { return }
      recordings[recordings.count - 1].looks.append(Look(at: look.at, duration: look.duration, checks: checks))
    }
  }

  /// What those on the old version showed; nil where nobody did, or of a check that the policy has not.
  private mutating func shown(_ look: CheckLook) -> CheckLook? {
    guard let segment, look.readings.count == segment.arms.count, places.indices.contains(look.check),
      let place = places[look.check]
    else { return nil }
    var shown = CheckLook(check: place, readings: [])
    for (reading, arm) in zip(look.readings, segment.arms) {
      shown.readings.append(arm == .sibling ? layouts.sharing(reading) : .missing)
    }
    shown.gaps = look.gaps.filter { gap in
      segment.arms.indices.contains(gap.position) && segment.arms[gap.position] == .sibling
    }
    return shown.readings.contains { $0 != .missing } ? shown : nil
  }
}

/// Bucket edges that many histograms have, held once: comparing them is then comparing references.
struct LayoutShelf {
  private var known: [[Double]] = []

  mutating func sharing(_ reading: Measurement) -> Measurement {
    guard case .histogram(var histogram) = reading else { return reading }
    if let same = known.first(where: { $0 == histogram.upperBounds }) {
      histogram.upperBounds = same
    } else if known.count < 64 {
      known.append(histogram.upperBounds)
    }
    return .histogram(histogram)
  }
}

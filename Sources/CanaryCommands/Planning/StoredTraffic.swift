internal import CanaryJudge
internal import ImmuneSystem
internal import Observers
internal import RolloutCore
internal import RolloutEngine

/// The traffic that the service's newest rollout with samples recorded of instances on the old version.
struct StoredTraffic {
  var rollout: RolloutID
  var at: Timestamp
  /// Per check of the policy that it is asked for, by name; empty for a check that was not there then.
  var tallies: [TrafficTally]

  /// Rollouts looked at, and records of each: the time before the push and some of the burn-in.
  private static let rollouts = 5
  private static let records = 600

  /// Nil when none has usable samples, or the store cannot say.
  static func newest(of policy: Policy, in session: Session) async -> StoredTraffic? {
    guard let store = try? await session.existingStore(),
      let summaries = try? await store.summaries(service: policy.service, openOnly: false, limit: rollouts)
    else { return nil }
    for summary in summaries {
      guard let records = try? await store.samples(of: summary.id, from: 0, limit: Self.records), !records.isEmpty,
        let rollout = try? await session.load(summary.id, from: store).rollout
      else { continue }
      let tallies = tallies(records, names: rollout.plan.policy.checks.map(\.name), for: policy)
      if tallies.contains(where: { $0.seconds > 0 }) {
        return StoredTraffic(rollout: summary.id, at: records.last?.at ?? summary.startedAt, tallies: tallies)
      }
    }
    return nil
  }

  static func tallies(_ records: [SampleRecord], names: [String], for policy: Policy) -> [TrafficTally] {
    var tallies = policy.checks.map { _ in TrafficTally() }
    var arms: [JudgeTick.Arm] = []
    for record in records {
      switch try? SampleCodec.decode(record) {
      case .segment(let segment): arms = segment.arms
      case .look(let look):
        for found in look.checks where names.indices.contains(found.check) {
          guard let index = policy.checks.firstIndex(where: { $0.name == names[found.check] }) else { continue }
          add(found, arms, seconds: Double(look.duration.milliseconds) / 1000, to: &tallies[index])
        }
      case nil: break
      }
    }
    return tallies
  }

  private static func add(_ look: CheckLook, _ arms: [JudgeTick.Arm], seconds: Double, to tally: inout TrafficTally) {
    for (reading, arm) in zip(look.readings, arms) where arm == .sibling {
      switch reading {
      case .counts(let events, let exposure): tally.add(events: events, exposure: exposure, seconds: seconds)
      case .histogram(let histogram): tally.add(histogram, seconds: seconds)
      case .gauge, .missing: break
      }
    }
  }
}

internal import Observers
internal import PolicyFile
internal import RolloutCore

/// A probe or check of a policy that would never be sent, because its address leads elsewhere than to the instance.
/// Finding these asks nobody.
struct AddressRefusal: Hashable {
  var place: PolicyParse.ObservationPlace
  var name: String
  /// The first instance that it cannot be sent for.
  var host: HostID
  /// The address and what is allowed.
  var detail: String

  var text: String {
    let kind =
      switch place {
      case .probe: "probe"
      case .check: "check"
      }
    return DisplayText.clean("\(kind) \(name) is not sent for \(host): \(detail)")
  }

  /// In the order of the policy, each probe and check at most once.
  static func all(in policy: Policy, on instances: [Instance]) -> [AddressRefusal] {
    var found: [AddressRefusal] = []
    for (index, probe) in policy.probes.enumerated() {
      for instance in instances {
        guard let refusal = ProbeWatch.refusal(of: [probe], for: instance) else { continue }
        found.append(
          AddressRefusal(place: .probe(index), name: probe.name, host: instance.id, detail: "\(refusal)"))
        break
      }
    }
    for (index, check) in policy.checks.enumerated() {
      // What is right for each alone may be the same for all.
      for some in instances.map({ [$0] }) + [instances] {
        guard let first = some.first, let detail = MetricAnalyst.refusal(of: check, on: some) else { continue }
        found.append(AddressRefusal(place: .check(index), name: check.name, host: first.id, detail: detail))
        break
      }
    }
    return found
  }

  /// Refuses a policy that has any, with all of them.
  static func refuseAny(in policy: Policy, on instances: [Instance]) throws(CommandFailure) {
    let all = all(in: policy, on: instances)
    guard !all.isEmpty else { return }
    throw CommandFailure(
      .invalidPolicy, all.map(\.text).joined(separator: "\n"), next: ["correct the address in the policy"])
  }
}

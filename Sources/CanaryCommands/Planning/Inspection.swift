internal import RolloutCore
internal import RolloutEngine

/// Asks every instance what it runs and holds. Changes nothing on them.
enum Inspection {
  /// Hosts asked at the same time.
  static let width = 64

  /// In the order of `instances`.
  static func facts(
    of instances: [Instance], policy: Policy, over transport: any Transport
  ) async -> [HostFacts] {
    await withTaskGroup(of: (Int, HostFacts).self) { group in
      var facts = [HostFacts?](repeating: nil, count: instances.count)
      var next = 0
      func ask() {
        let (index, instance) = (next, instances[next])
        next += 1
        group.addTask { (index, await ask(instance, policy, transport)) }
      }
      while next < min(width, instances.count) { ask() }
      while let (index, answer) = await group.next() {
        facts[index] = answer
        if next < instances.count { ask() }
      }
      return facts.compactMap { $0 }
    }
  }

  private static func ask(_ instance: Instance, _ policy: Policy, _ transport: any Transport) async -> HostFacts {
    let directory = instance.directory ?? policy.release.directory
    switch await transport.inspect(instance, service: policy.service, directory: directory, step: nil) {
    case .success(let report): return HostFacts(instance: instance, found: .report(report))
    case .failure(let failure): return HostFacts(instance: instance, found: .unreachable(detail: failure.detail))
    }
  }
}

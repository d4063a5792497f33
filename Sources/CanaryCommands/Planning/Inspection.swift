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
      var (next, answered) = (0, 0)
      while true {
        while next < instances.count, next - answered < width {
          let (index, instance) = (next, instances[next])
          group.addTask { (index, await ask(instance, policy, transport)) }
          next += 1
        }
        guard let (index, answer) = await group.next() else { break }
        facts[index] = answer
        answered += 1
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

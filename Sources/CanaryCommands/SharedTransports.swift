internal import RolloutCore
internal import RolloutEngine

/// One transport for each way of reaching hosts, for the life of the process: the look before a plan and the rollout
/// that follows use the same connections, since a handshake is most of what ssh costs.
final class SharedTransports: Sendable {
  private let open = Cell<[TransportPolicy: any Transport]>([:])
  private let make: @Sendable (TransportPolicy) -> any Transport

  init(_ make: @escaping @Sendable (TransportPolicy) -> any Transport) { self.make = make }

  func transport(for policy: TransportPolicy) -> any Transport {
    open.update { known in
      if let transport = known[policy] { return transport }
      let transport = make(policy)
      known[policy] = transport
      return transport
    }
  }

  func close() async {
    let transports = open.update { known in
      defer { known = [:] }
      return Array(known.values)
    }
    for transport in transports { await transport.close() }
  }
}

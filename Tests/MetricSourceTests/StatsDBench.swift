import Glibc
import RolloutCore
import TestKit

@testable import Observers

/// Sends datagrams to a port of this machine.
final class UDPSender: Sendable {
  private let descriptor: Int32
  private let port: Int
  private let isIPv6: Bool

  init(port: Int, isIPv6: Bool = false) throws {
    (self.port, self.isIPv6) = (port, isIPv6)
    descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw FixtureFailure("no socket: errno \(errno)") }
  }

  deinit { close(descriptor) }

  func send(_ text: String) throws {
    let address = try ListenAddress(isIPv6 ? "[::1]:\(port)" : "127.0.0.1:\(port)")
    let bytes = Array(text.utf8)
    let sent = address.withSocketAddress { sendto(descriptor, bytes, bytes.count, 0, $0, $1) }
    guard sent == bytes.count else { throw FixtureFailure("not sent: errno \(errno)") }
  }
}

/// A reader at work, with a sender, and looks five seconds apart by a clock of its own.
struct StatsDBench {
  let port: Int
  let reader: StatsDReader
  let sender: UDPSender
  var now = Timestamp(milliseconds: 1_700_000_000_000)

  static let instances = ["web1", "web2"].map { Instance(id: HostID($0), address: "\($0).example.net") }

  /// Bound and looked at once, so that what is sent from now on counts.
  init(
    _ measures: CheckPolicy.Measure..., tag: String? = "instance", host: String = "127.0.0.1", port: Int? = nil,
    listeners: StatsDListeners = StatsDListeners()
  ) async throws {
    let port = if let port { port } else { try await FreePort.next(.udp) }
    self.port = port
    let source = StatsDSource(listen: "\(host):\(port)", tag: tag)
    let group = ReaderGroup(.statsd(source), measures, of: Self.instances)
    reader = StatsDReader(group, source: source, listeners: listeners)
    sender = try UDPSender(port: port)
    _ = await look()
  }

  /// Sends each text as a datagram and waits until all have arrived.
  func send(_ texts: String...) async throws {
    let before = reader.tally.datagrams
    for text in texts { try sender.send(text) }
    guard await arrived(before + texts.count) else { throw FixtureFailure("datagrams did not arrive") }
  }

  func arrived(_ datagrams: Int) async -> Bool {
    await eventually { reader.tally.datagrams >= datagrams }
  }

  /// By check, then by instance.
  mutating func look() async -> [[Observation]] {
    now = now + .seconds(5)
    return await reader.read(at: now)
  }

  mutating func look(after texts: String...) async throws -> [[Observation]] {
    for text in texts { try await send(text) }
    return await look()
  }
}

extension ReaderGroup {
  init(
    _ source: MetricSource, _ measures: [CheckPolicy.Measure], of instances: [Instance],
    interval: TimeSpan = .seconds(5)
  ) {
    let checks = measures.enumerated().map { CheckPolicy(name: "check\($0)", source: source, measure: $1) }
    self.init(
      source: source, interval: interval, indices: Array(checks.indices), checks: checks, instances: instances)
  }
}

extension Observation {
  var problem: ReadingProblem? { if case .none(let problem) = self { problem } else { nil } }
}

public import RolloutCore

/// Everything a runner reaches the world through.
public struct Ports: Sendable {
  public var transport: any Transport
  public var prober: any Prober
  public var analyst: any Analyst
  public var clock: any WallClock
  public var store: any RolloutStore
  /// How concurrent work is begun. A simulation hands in its own, so that it alone decides the order.
  public var spawn: Spawn
  public var codec: any EventCoding
  /// How often a controller looks for what operators ask.
  public var requestInterval: TimeSpan

  public typealias Spawn = @Sendable (@escaping @Sendable () async -> Void) -> Task<Void, Never>

  public init(
    transport: any Transport, prober: any Prober, analyst: any Analyst, clock: any WallClock, store: any RolloutStore,
    spawn: @escaping Spawn = { Task(operation: $0) }, codec: any EventCoding = JSONEvents(),
    requestInterval: TimeSpan = Ports.soon
  ) {
    self.codec = codec
    self.requestInterval = requestInterval
    self.spawn = spawn
    self.transport = transport
    self.prober = prober
    self.analyst = analyst
    self.clock = clock
    self.store = store
  }

  /// A request of another process is seen well within the second that an abort may take.
  public static let soon = TimeSpan(milliseconds: 100)
}

/// A store that does all a controller needs.
public typealias RolloutStore = Journal & Leases & OperatorRequests & RolloutCatalog & SampleStore

/// Told of each turn of a runner, after its events are on stable storage. Slow observers slow the rollout: hand the
/// report on and return.
public protocol TurnObserver: Sendable {
  func turned(_ report: TurnReport) async
}

public struct TurnReport: Sendable {
  /// The state after the events.
  public var rollout: Rollout
  /// What this turn recorded; empty when only `trouble` changed.
  public var events: [RecordedEvent]
  /// Why nothing moves although something should: the store cannot be written, say. Nil when all is well.
  public var trouble: String?
  public init(rollout: Rollout, events: [RecordedEvent], trouble: String?) {
    self.rollout = rollout
    self.events = events
    self.trouble = trouble
  }
}

public struct RecordedEvent: Hashable, Sendable {
  public var sequence: Int
  public var at: Timestamp
  public var event: Event
  public init(sequence: Int, at: Timestamp, event: Event) {
    self.sequence = sequence
    self.at = at
    self.event = event
  }
}

internal import FoundationEssentials
public import RolloutCore

/// How a controller writes events into records and reads them back. Anything else than `JSONEvents` is for journals
/// that live as long as their process.
public protocol EventCoding: Sendable {
  func encode(_ event: Event, sequence: Int, at: Timestamp) throws(EventCodec.Mismatch) -> JournalRecord
  func decode(_ record: JournalRecord) throws(EventCodec.Mismatch) -> Event
}

/// As `EventCodec` writes them.
public struct JSONEvents: EventCoding {
  public init() {}
  public func encode(_ event: Event, sequence: Int, at: Timestamp) throws(EventCodec.Mismatch) -> JournalRecord {
    try EventCodec.encode(event, sequence: sequence, at: at)
  }
  public func decode(_ record: JournalRecord) throws(EventCodec.Mismatch) -> Event { try EventCodec.decode(record) }
}

/// Events as journal payloads: JSON with sorted keys, so that equal events have equal bytes.
public enum EventCodec {
  /// The bytes of an event are not JSON, or not of an event that this version knows.
  public struct Mismatch: Error, Hashable, Sendable {
    public var sequence: Int
    public var kind: String
    public var detail: String
    public init(sequence: Int, kind: String, detail: String) {
      self.sequence = sequence
      self.kind = kind
      self.detail = detail
    }
  }

  public static func encode(_ event: Event, sequence: Int, at: Timestamp) throws(Mismatch) -> JournalRecord {
    JournalRecord(sequence: sequence, at: at, kind: event.kind, payload: try json(event, sequence, event.kind))
  }

  public static func decode(_ record: JournalRecord) throws(Mismatch) -> Event {
    do {
      let event = try JSONDecoder().decode(Event.self, from: Data(record.payload.utf8))
      if event.kind == record.kind { return event }
      throw Mismatch(sequence: record.sequence, kind: record.kind, detail: "it holds \(event.kind)")
    } catch let mismatch as Mismatch {
      throw mismatch
    } catch {
      throw Mismatch(
        sequence: record.sequence, kind: record.kind, detail: "not an event that this version of canary knows")
    }
  }

  /// What an operator asked, as a request's payload.
  public struct RequestBody: Codable, Hashable, Sendable {
    public var verb: Input.Verb
    public var by: String
    public var reason: String
    public init(verb: Input.Verb, by: String, reason: String) {
      self.verb = verb
      self.by = by
      self.reason = reason
    }
  }

  public static func encode(_ body: RequestBody) throws(Mismatch) -> String { try json(body, 0, "request") }

  public static func decodeRequest(_ payload: String) -> RequestBody? {
    try? JSONDecoder().decode(RequestBody.self, from: Data(payload.utf8))
  }

  private static func json(_ value: some Encodable, _ sequence: Int, _ kind: String) throws(Mismatch) -> String {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw Mismatch(sequence: sequence, kind: kind, detail: "a value that JSON cannot hold")
    }
  }
}

internal import RolloutCore
internal import RolloutEngine

/// Records that point to their events in memory. The JSON of the real journal is written and read in a part of the
/// seeds only: it takes most of the time, and a value that JSON cannot hold shows there.
final class SimCodec: EventCoding, @unchecked Sendable {
  private var events: [Event] = []

  func encode(_ event: Event, sequence: Int, at: Timestamp) throws(EventCodec.Mismatch) -> JournalRecord {
    events.append(event)
    return JournalRecord(sequence: sequence, at: at, kind: event.kind, payload: String(events.count - 1))
  }

  func decode(_ record: JournalRecord) throws(EventCodec.Mismatch) -> Event {
    guard let place = Int(record.payload), events.indices.contains(place) else {
      throw EventCodec.Mismatch(sequence: record.sequence, kind: record.kind, detail: "no such event")
    }
    return events[place]
  }
}

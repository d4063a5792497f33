import RolloutCore
import RolloutEngine

/// Keeps a log readable over hours: what repeats is said once, then at growing distances.
struct LineFilter {
  private var lastVerdict: (outcome: Verdict.Outcome, at: Timestamp)?
  /// By host: the detail said last, and how often its contact or health was news.
  private var contacts: [Int: String] = [:]
  private var healthLines: [Int: Int] = [:]
  private var lastLineAt: Timestamp?
  private var silence = firstSilence

  /// A CI system shows a job as hanging after minutes without output; a log of two hours should not be all heartbeats.
  private static let firstSilence = TimeSpan.seconds(30)
  private static let longestSilence = TimeSpan.minutes(2)
  private static let verdictDistance = TimeSpan.minutes(5)
  /// Changes of one host's health that are told; a flapping host would fill the log.
  private static let toldHealthChanges = 6

  /// `events` without what repeats.
  static func admitted(_ events: some Sequence<RecordedEvent>) -> [RecordedEvent] {
    var filter = LineFilter()
    return events.filter { filter.admits($0) }
  }

  /// False for what was said already.
  mutating func admits(_ recorded: RecordedEvent) -> Bool {
    switch recorded.event {
    case .verdictReached(_, let verdict):
      if let last = lastVerdict, last.outcome == verdict.outcome, recorded.at - last.at < Self.verdictDistance {
        return false
      }
      lastVerdict = (verdict.outcome, recorded.at)
    case .stepDeferred(let host, let detail, _):
      if contacts[host] == detail { return false }
      contacts[host] = detail
    case .stepReissued(let host, _): return contacts[host] == nil
    case .stepFinished(let host, _, _), .stepFailed(let host, _, _), .hostFailed(let host, _): contacts[host] = nil
    case .healthChanged(let host, _):
      healthLines[host, default: 0] += 1
      return healthLines[host, default: 0] <= Self.toldHealthChanges
    case .burnInStarted, .soakStarted: lastVerdict = nil
    default: break
    }
    return true
  }

  /// To be called for each line that was written because something happened.
  mutating func said(at: Timestamp) {
    lastLineAt = at
    silence = Self.firstSilence
  }

  /// True when it has been silent long enough; the next silence may then be twice as long.
  mutating func isHeartbeatDue(_ now: Timestamp) -> Bool {
    guard let last = lastLineAt else {
      lastLineAt = now
      return false
    }
    guard now - last >= silence else { return false }
    lastLineAt = now
    silence = min(silence + silence, Self.longestSilence)
    return true
  }
}

import Foundation
import TestKit

/// One line of `--output jsonl`, as far as these tests read it.
struct EventLine: Decodable, Sendable {
  var type: String
  var at: String
  var event: String?
  var host: String?
  var state: String?
  var health: String?
  var detail: String?
  var verdict: VerdictLine?

  struct VerdictLine: Decodable, Sendable {
    var outcome: String
    var reason: String
    var evidence: [EvidenceLine]
  }

  struct EvidenceLine: Decodable, Sendable {
    var check: String
    var outcome: String
    var canary: Double?
    var baseline: Double?
  }

  /// Lines that are not JSON are left out.
  static func all(in output: String) -> [EventLine] {
    output.split(separator: "\n").compactMap { try? JSONDecoder().decode(EventLine.self, from: Data($0.utf8)) }
  }

  /// Seconds from this line to a later one.
  func seconds(until later: EventLine) -> Double? {
    guard let from = Self.date(at), let to = Self.date(later.at) else { return nil }
    return to.timeIntervalSince(from)
  }

  private static func date(_ text: String) -> Date? {
    try? Date(text, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
  }
}

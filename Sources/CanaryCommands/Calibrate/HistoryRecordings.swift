internal import ArgumentParser
internal import FoundationEssentials
internal import ImmuneSystem
internal import Observers
internal import RolloutCore
internal import RolloutEngine

/// What metrics servers know of a stretch of time, without the times of rollouts that the journal knows of: then not
/// all instances ran one version.
enum HistoryRecordings {
  static func read(
    of document: PolicyDocument, in range: ClosedRange<Timestamp>, session: Session
  ) async throws(CommandFailure) -> (recordings: [Recording], notes: [String]) {
    let policy = document.policy
    guard policy.checks.contains(where: \.source.keepsHistory) else {
      throw .refused(
        "no check of \(document.shownPath) is read from a metrics server: nothing else keeps a history",
        next: "canary calibrate  uses what past rollouts recorded", "canary calibrate --csv FILE  uses a file")
    }
    let instances = try await Inventory.instances(of: document, in: session.context)
    let busy = try await rollouts(of: policy.service, in: range, session)
    let progress = ProgressNote(session.context)
    let result = await session.context.composition.history(policy, instances, range, document.directory) { part in
      progress.say("reading the metrics server: \(Figures.percent(part))")
    }
    let answer = try result.get()
    var notes = answer.problems.map { problem in
      let name = policy.checks.indices.contains(problem.check) ? policy.checks[problem.check].name : ""
      return "\(name): \(problem.detail)"
    }
    if !busy.isEmpty { notes.append("left out the times of \(busy.count) rollouts") }
    let name = "\(TimeWords.minute(range.lowerBound)) to \(TimeWords.minute(range.upperBound))"
    return (cut(answer.looks, busy, Recording(name: name, instances: instances.map(\.id.text))), notes)
  }

  private static func rollouts(
    of service: String, in range: ClosedRange<Timestamp>, _ session: Session
  ) async throws(CommandFailure) -> [ClosedRange<Timestamp>] {
    guard let store = try await session.existingStore() else { return [] }
    let summaries = try await session.read { () async throws(StoreFailure) in
      try await store.summaries(service: service, openOnly: false, limit: 1000)
    }
    return summaries.compactMap { summary in
      let end = max(summary.startedAt, summary.endedAt ?? session.context.now())
      return range.overlaps(summary.startedAt...end) ? summary.startedAt...end : nil
    }.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// Looks between rollouts, each stretch for itself.
  static func cut(_ looks: [Look], _ busy: [ClosedRange<Timestamp>], _ empty: Recording) -> [Recording] {
    var recordings: [Recording] = []
    var last: Int?
    for look in looks {
      let covered = (look.at + (.zero - look.duration))...max(look.at, look.at + (.zero - look.duration))
      if busy.contains(where: { $0.overlaps(covered) }) { continue }
      let stretch = busy.count { $0.upperBound < look.at }
      if stretch != last {
        recordings.append(empty)
        if recordings.count > 1 { recordings[recordings.count - 1].name += " (\(recordings.count))" }
      }
      last = stretch
      recordings[recordings.count - 1].looks.append(look)
    }
    return recordings
  }
}

/// `FROM..TO`, both in RFC 3339.
struct RangeArgument: ExpressibleByArgument, Hashable, Sendable {
  var range: ClosedRange<Timestamp>

  init?(argument: String) {
    guard let dots = argument.firstRange(of: ".."), let from = InstantText.parse(argument[..<dots.lowerBound]),
      let to = InstantText.parse(argument[dots.upperBound...]), from < to
    else { return nil }
    range = from...to
  }
}

/// An instant as people and programs write it.
enum InstantText {
  /// RFC 3339, or seconds since 1970; nil for anything else, and for what lies outside of 1970 to 9999.
  static func parse(_ text: some StringProtocol) -> Timestamp? {
    if let number = PlainNumber.parse(text) {
      return (0..<253_402_300_800).contains(number) ? Timestamp(milliseconds: Int64(number * 1000)) : nil
    }
    let text = String(text)
    // The parser stops where it has enough: what follows must be looked at here.
    guard (20...35).contains(text.utf8.count), text.last == "Z" || "+-".contains(text.suffix(6).first ?? " ") else {
      return nil
    }
    let date =
      (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
      ?? (try? Date(text, strategy: .iso8601))
    guard let seconds = date?.timeIntervalSince1970, (0..<253_402_300_800).contains(seconds) else { return nil }
    return Timestamp(milliseconds: Int64((seconds * 1000).rounded()))
  }
}

/// Decimal numbers alone: what a compiler or a spreadsheet takes besides, such as `0x1p3`, `nan` or `1,5`, is none.
enum PlainNumber {
  static func parse(_ text: some StringProtocol) -> Double? {
    guard let first = text.utf8.first, first != UInt8(ascii: "+"), text.utf8.count <= 64,
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || ".eE+-".utf8.contains($0) }), let value = Double(text),
      value.isFinite
    else { return nil }
    return value
  }
}

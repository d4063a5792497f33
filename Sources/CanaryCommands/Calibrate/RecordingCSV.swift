internal import CanaryJudge
internal import ImmuneSystem
internal import PolicyFile
internal import RolloutCore

/// Recordings as a table: a line per instance, check and moment, under a header. `docs/OPERATING.md` has the columns.
struct RecordingCSV {
  struct Damage: Error, Hashable, Sendable {
    var line: Int
    var detail: String
    init(_ line: Int, _ detail: String) {
      self.line = line
      self.detail = detail
    }
  }

  /// What a line is about.
  private struct Row {
    var line: Int
    var at: Timestamp
    var seconds: TimeSpan?
    var instance: Int
    var check: Int
    var reading: Measurement
  }

  /// Lines of one recording.
  private struct Tape {
    var name: String
    var instances: [String] = []
    var places: [String: Int] = [:]
    var rows: [Row] = []
    /// By instance and check, the newest line.
    var last: [[Int]: (at: Timestamp, line: Int)] = [:]
  }

  private let checks: [CheckPolicy]
  private let columns: CSVColumns
  private var tapes: [Tape] = []
  private var tapePlaces: [String: Int] = [:]
  private var layouts = LayoutShelf()
  private var lastTime: (text: String, at: Timestamp)?

  static let mostInstances = 1000
  /// A longer time without lines is a break, and no stretch that the next line is about.
  private static let longestGap = TimeSpan.minutes(10)
  /// Readings held: an instance that is not in a line of a moment takes room as well.
  private static let mostCells = 20_000_000

  static func parse(_ bytes: [UInt8], checks: [CheckPolicy]) throws(Damage) -> [Recording] {
    var lines = CSVLines(bytes)
    guard let header = try lines.next() else { throw Damage(1, "empty: a header is wanted") }
    var table = RecordingCSV(checks, columns: try CSVColumns(header.fields))
    while let next = try lines.next() { try table.take(next.fields, next.line) }
    var recordings: [Recording] = []
    for tape in table.tapes { recordings.append(try table.recording(tape)) }
    return recordings
  }

  private init(_ checks: [CheckPolicy], columns: CSVColumns) {
    self.checks = checks
    self.columns = columns
  }

  // MARK: Lines

  private mutating func take(_ fields: [String], _ line: Int) throws(Damage) {
    guard fields.count == columns.count else {
      throw Damage(line, "\(fields.count) cells under \(columns.count) columns")
    }
    let at = try time(fields[columns.time], line)
    let (instance, check) = (fields[columns.instance], try check(fields[columns.check], line))
    guard !instance.isEmpty else { throw Damage(line, "no instance") }
    let seconds = try number(columns.seconds, "seconds", fields, line)
    if let seconds, !(seconds >= 0.001 && seconds <= 3600) {
      throw Damage(line, "`seconds` is \(fields[columns.seconds ?? 0]), expected 0.001 to 3600")
    }
    let reading = try reading(fields, check, seconds, line)
    let tape = tape(columns.recording.map { fields[$0] } ?? "")
    let place = try place(instance, tape, line)
    if let before = tapes[tape].last[[place, check]], before.at >= at {
      throw Damage(line, "not after line \(before.line), which is of the same instance and check")
    }
    tapes[tape].last[[place, check]] = (at, line)
    tapes[tape].rows.append(
      Row(
        line: line, at: at, seconds: seconds.map { TimeSpan(milliseconds: Int64(($0 * 1000).rounded())) },
        instance: place, check: check, reading: reading))
  }

  private mutating func time(_ text: String, _ line: Int) throws(Damage) -> Timestamp {
    if let lastTime, lastTime.text == text { return lastTime.at }
    guard let at = InstantText.parse(text) else {
      throw Damage(line, "`\(Self.shown(text))` is no time, expected 2026-11-21T12:03:44Z or seconds since 1970")
    }
    lastTime = (text, at)
    return at
  }

  private func check(_ name: String, _ line: Int) throws(Damage) -> Int {
    if let index = checks.firstIndex(where: { $0.name == name }) { return index }
    let near = NearestName.find(name, among: checks.map(\.name)).map { "; did you mean `\($0)`?" } ?? ""
    throw Damage(line, "the policy has no check `\(Self.shown(name))`\(near)")
  }

  private mutating func tape(_ name: String) -> Int {
    if let known = tapePlaces[name] { return known }
    tapePlaces[name] = tapes.count
    tapes.append(Tape(name: name))
    return tapes.count - 1
  }

  private mutating func place(_ instance: String, _ tape: Int, _ line: Int) throws(Damage) -> Int {
    if let known = tapes[tape].places[instance] { return known }
    guard tapes[tape].instances.count < Self.mostInstances else {
      throw Damage(line, "more than \(Self.mostInstances) instances")
    }
    tapes[tape].places[instance] = tapes[tape].instances.count
    tapes[tape].instances.append(instance)
    return tapes[tape].instances.count - 1
  }

  private func number(_ column: Int?, _ name: String, _ fields: [String], _ line: Int) throws(Damage) -> Double? {
    guard let column, !fields[column].isEmpty else { return nil }
    guard let value = PlainNumber.parse(fields[column]) else {
      throw Damage(line, "`\(name)` is `\(Self.shown(fields[column]))`, which is no number")
    }
    return value
  }

  // MARK: Readings

  private mutating func reading(
    _ fields: [String], _ check: Int, _ seconds: Double?, _ line: Int
  ) throws(Damage) -> Measurement {
    let events = try number(columns.events, "events", fields, line)
    let exposure = try number(columns.exposure, "exposure", fields, line)
    let value = try number(columns.value, "value", fields, line)
    let hasBuckets = columns.edges.contains { !fields[$0.column].isEmpty }
    let name = checks[check].name
    func refuse(_ wanted: String) -> Damage { Damage(line, "\(name) wants \(wanted), and nothing else") }
    switch checks[check].measure {
    case .ratio:
      guard let events, let exposure, value == nil, !hasBuckets else { throw refuse("`events` and `exposure`") }
      return try counts(events, exposure, line)
    case .rate, .share:
      guard let events, let exposure = exposure ?? seconds, value == nil, !hasBuckets else {
        throw refuse("`events`, and `exposure` in seconds")
      }
      return try counts(events, exposure, line)
    case .gauge:
      guard let value, events == nil, exposure == nil, !hasBuckets else { throw refuse("`value`") }
      return .gauge(value)
    case .histogram:
      guard hasBuckets, events == nil, exposure == nil, value == nil else { throw refuse("`le=…` columns") }
      return layouts.sharing(.histogram(try histogram(fields, line)))
    }
  }

  private func counts(_ events: Double, _ exposure: Double, _ line: Int) throws(Damage) -> Measurement {
    guard events >= 0, exposure >= 0, events < 1e15, exposure < 1e15 else {
      throw Damage(line, "a count is negative or beyond 1e15")
    }
    return .counts(events: events, exposure: exposure)
  }

  private func histogram(_ fields: [String], _ line: Int) throws(Damage) -> Histogram {
    var histogram = Histogram(upperBounds: [], buckets: [])
    var below = 0.0
    for (edge, column) in columns.edges {
      guard let upTo = try number(column, "le=\(edge)", fields, line) else { continue }
      guard upTo >= below, upTo < 1e15 else {
        throw Damage(line, "`le=\(edge)` is \(Self.shown(fields[column])): counts up to an edge never fall")
      }
      if upTo > below {
        histogram.buckets.append(.init(index: Int32(clamping: histogram.upperBounds.count), count: upTo - below))
      }
      histogram.upperBounds.append(edge)
      below = upTo
    }
    return histogram
  }

  private static func shown(_ text: String) -> String { DisplayText.clean(String(text.prefix(64))) }

  // MARK: Looks

  /// One check at one moment.
  private struct Group: Hashable {
    var at: Timestamp
    var check: Int
  }

  private func recording(_ tape: Tape) throws(Damage) -> Recording {
    var groups: [Group: [Int]] = [:]
    for (index, row) in tape.rows.enumerated() {
      groups[Group(at: row.at, check: row.check), default: []].append(index)
    }
    guard groups.count * tape.instances.count <= Self.mostCells else {
      throw Damage(tape.rows.last?.line ?? 1, "too many instances that are in few lines only")
    }
    var looks: [Look] = []
    var last: [Int: Timestamp] = [:]
    for group in groups.keys.sorted(by: { ($0.at, $0.check) < ($1.at, $1.check) }) {
      let rows = (groups[group] ?? []).map { tape.rows[$0] }
      let passed = last[group.check].map { group.at - $0 } ?? .zero
      let duration =
        try duration(rows)
        ?? (passed > .zero && passed <= Self.longestGap ? passed : checks[group.check].interval)
      last[group.check] = group.at
      var look = CheckLook(
        check: group.check, readings: Array(repeating: .missing, count: tape.instances.count))
      for row in rows { look.readings[row.instance] = row.reading }
      if let same = looks.last, same.at == group.at, same.duration == duration {
        looks[looks.count - 1].checks.append(look)
      } else {
        looks.append(Look(at: group.at, duration: duration, checks: [look]))
      }
    }
    return Recording(name: tape.name, instances: tape.instances, looks: looks)
  }

  /// What the lines say of how long they are about, if they do.
  private func duration(_ rows: [Row]) throws(Damage) -> TimeSpan? {
    guard let first = rows.first else { return nil }
    if let other = rows.first(where: { $0.seconds != first.seconds }) {
      throw Damage(other.line, "`seconds` differs from line \(first.line), which is of the same check and time")
    }
    return first.seconds
  }
}

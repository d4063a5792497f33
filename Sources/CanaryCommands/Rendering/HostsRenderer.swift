import RolloutCore

/// What one host runs, and what it should.
struct HostRow: Hashable, Sendable {
  var host: HostID
  var zone: String?
  var found: Found
  /// Nil: nothing is known that should run there.
  var shouldRun: Version?
  /// When it was asked.
  var asOf: Timestamp
  /// `staging 2.4.1 in checkout-20261121-140312-k3f9`, say.
  var note: String?

  enum Found: Hashable, Sendable {
    /// Nil: `current` names nothing.
    case runs(Version?)
    case unreachable(detail: String)
  }

  enum Standing: String, Hashable, Sendable {
    case right, drifted, unknown, unclaimed
  }

  var standing: Standing {
    switch found {
    case .unreachable: .unknown
    case .runs(let version): shouldRun == nil ? .unclaimed : (version == shouldRun ? .right : .drifted)
    }
  }
}

/// What runs where, and whether it should.
enum HostsRenderer {
  static func text(service: String, rows: [HostRow], now: Timestamp, palette: Palette) -> String {
    var table = TextTable("HOST", "ZONE", "RUNS", "SHOULD RUN", "", "AS OF", "NOTE")
    for row in rows {
      var note = row.note ?? ""
      var runs = "not known"
      switch row.found {
      case .runs(let version): runs = version?.text ?? "nothing"
      case .unreachable(let detail): note = note.isEmpty ? detail : "\(note); \(detail)"
      }
      table.add([
        (row.host.text, .strong), (row.zone ?? "", .plain), (runs, .plain),
        (row.shouldRun?.text ?? "not known", .plain),
        mark(row.standing), (TimeWords.ago(row.asOf, now: now), .faint), (note, .plain),
      ])
    }
    let right = rows.count { $0.standing == .right }
    let drifted = rows.count { $0.standing == .drifted }
    let unknown = rows.count { $0.standing == .unknown || $0.standing == .unclaimed }
    var foot = StyledLine("\(service): \(RolloutWords.hosts(rows.count))")
    if drifted + unknown == 0 {
      foot.add(", as it should be")
    } else if right > 0 {
      foot.add(right == 1 ? ", 1 as it should be" : ", \(right) as they should be")
    }
    if drifted > 0 { foot.add(", \(drifted) drifted", .careful) }
    if unknown > 0 { foot.add(", \(unknown) not known", .careful) }
    return table.text(palette) + foot.text(palette) + "\n"
  }

  private static func mark(_ standing: HostRow.Standing) -> TextTable.Cell {
    switch standing {
    case .right: ("\(Signs.done) ok", .good)
    case .drifted: ("\(Signs.failed) drift", .bad)
    case .unknown: ("\(Signs.unknown) unknown", .careful)
    case .unclaimed: ("\(Signs.pending) unclaimed", .faint)
    }
  }

  static func json(service: String, rows: [HostRow]) -> String {
    JSONText.array(
      rows.map { row in
        var members: [(String, JSONText)] = [
          ("v", JSONLines.version), ("service", .string(service)), ("host", .string(row.host.text)),
          ("zone", .text(row.zone)),
        ]
        switch row.found {
        case .runs(let version): members += [("reachable", true), ("runs", .text(version?.text))]
        case .unreachable(let detail): members += [("reachable", false), ("runs", .null), ("detail", .string(detail))]
        }
        members += [
          ("shouldRun", .text(row.shouldRun?.text)), ("standing", .string(row.standing.rawValue)),
          ("asOf", .time(row.asOf)), ("note", .text(row.note)),
        ]
        return .object(members)
      }
    ).document
  }
}

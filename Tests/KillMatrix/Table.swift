import Foundation

/// All results: a row per place, a column per means, and in each field how many cells were green.
public struct Table: Sendable {
  public private(set) var results: [CellResult] = []

  private var rows: Set<String>

  init(planned cells: [Cell]) { rows = Set(cells.map(\.row)) }

  mutating func plan(_ cells: [Cell]) { rows.formUnion(cells.map(\.row)) }

  /// Rows that must have cells and have none.
  public var missing: [String] { Matrix.required.filter { !rows.contains($0) } }

  public mutating func add(_ result: CellResult) { results.append(result) }

  public var reds: [CellResult] { results.filter { !$0.isGreen } }

  /// Cells whose place was not reached, so that they show nothing: a run may take a turn less than the one surveyed.
  public var unmet: [CellResult] { results.filter { !$0.isMet } }

  public var text: String {
    let columns = Cell.Means.allCases.filter { means in results.contains { $0.cell.means == means } }
    let rows = Set(results.map(\.cell.row)).sorted()
    let width = (rows.map(\.count).max() ?? 0) + 2
    var lines = [pad("", width) + columns.map { pad($0.short, Self.column) }.joined()]
    for row in rows {
      let fields = columns.map { means in field(results.filter { $0.cell.row == row && $0.cell.means == means }) }
      lines.append(pad(row, width) + fields.map { pad($0, Self.column) }.joined())
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static let column = 13

  private func field(_ cells: [CellResult]) -> String {
    if cells.isEmpty { return "·" }
    let met = cells.filter { $0.isMet || !$0.isGreen }
    let green = met.filter(\.isGreen).count
    if met.isEmpty { return "not met" }
    return green == met.count ? "✓ \(green)" : "✗ \(green)/\(met.count)"
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// How many cells, how many of them red, and what was measured.
  public func summary(time: Duration) -> String {
    var lines = results.filter { $0.note != nil }.map { "\($0.cell): \($0.note ?? "")" }
    lines += reds.map { "RED \($0.cell)\n    " + $0.objections.joined(separator: "\n    ") }
    if !missing.isEmpty { lines.append("no cell has the rows \(missing)") }
    let met = results.filter(\.isMet).count
    lines.append(
      "\(results.count) cells, \(met) of them met their place, \(reds.count) red, in \(time.components.seconds) s")
    return lines.joined(separator: "\n") + "\n"
  }
}

extension Cell.Means {
  var short: String {
    switch self {
    case .killController: "kill -9"
    case .killAtSync: "kill@sync"
    case .stopController: "stop+cont"
    case .failWrite: "write fails"
    case .failSync: "EIO sync"
    case .killVerb: "kill verb"
    case .killHelper: "kill helper"
    case .killConnection: "kill ssh"
    case .failHost: "ENOSPC host"
    case .fillDisk: "full disk"
    case .takeover: "takeover"
    }
  }
}

/// A line to standard output, at once: whoever waits for a long run wants to see it move.
public func say(_ line: String) { try? FileHandle.standardOutput.write(contentsOf: Data((line + "\n").utf8)) }

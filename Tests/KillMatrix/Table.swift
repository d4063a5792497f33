import Foundation

/// All results: a row per place, a column per means, and in each field how many cells were green.
public struct Table: Sendable {
  public private(set) var results: [CellResult] = []

  /// Rows and means that must have cells, by the names that the table gives them.
  private let required: [String]
  private var planned: Set<String> = []

  /// Of a part, only what was run must have met its place.
  init(isPart: Bool = false) {
    required = isPart ? [] : Matrix.required + Cell.Means.allCases.map(\.rawValue)
  }

  mutating func plan(_ cells: [Cell]) { for cell in cells { planned.formUnion(Self.names(cell)) } }

  private static func names(_ cell: Cell) -> [String] { [cell.row, cell.means.rawValue] }

  /// Rows and means that must have cells and have none.
  public var missing: [String] { required.filter { !planned.contains($0) } }

  /// Rows and means none of whose cells met its place, so that they show nothing. Those of which this machine or user
  /// can do no cell are `skipped` instead.
  public var unproven: [String] {
    let met = Set(results.filter(\.isMet).flatMap { Self.names($0.cell) })
    let tried = Set(results.filter { $0.skipped == nil }.flatMap { Self.names($0.cell) })
    let untried = Set(results.flatMap { Self.names($0.cell) }).subtracting(tried)
    let wanted = tried.union(required.filter { planned.contains($0) && !untried.contains($0) })
    return wanted.subtracting(met).sorted()
  }

  public var skipped: [CellResult] { results.filter { $0.skipped != nil } }

  /// Every cell is green, and every row and means that must be shown was.
  public var isGreen: Bool { reds.isEmpty && missing.isEmpty && unproven.isEmpty }

  public mutating func add(_ result: CellResult) { results.append(result) }

  public var reds: [CellResult] { results.filter { !$0.isGreen } }

  /// Cells whose place was not reached, so that they show nothing: a run may take a turn less than the one surveyed.
  public var unmet: [CellResult] { results.filter { !$0.isMet && $0.skipped == nil } }

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
    if met.isEmpty { return cells.allSatisfy { $0.skipped != nil } ? "skipped" : "not met" }
    return green == met.count ? "✓ \(green)" : "✗ \(green)/\(met.count)"
  }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// How many cells, how many of them red, and what was measured.
  public func summary(time: Duration) -> String {
    var lines = results.filter { $0.note != nil }.map { "\($0.cell): \($0.note ?? "")" }
    lines += reds.map { "RED \($0.cell)\n    " + $0.objections.joined(separator: "\n    ") }
    lines += skipped.map { "skipped: \($0.cell): \($0.skipped ?? "")" }
    if !missing.isEmpty { lines.append("RED no cell has \(missing)") }
    if !unproven.isEmpty { lines.append("RED no cell met its place of \(unproven)") }
    let met = results.filter(\.isMet).count
    lines.append(
      "\(results.count) cells, \(met) of them met their place, \(skipped.count) skipped, \(reds.count) red, "
        + "in \(time.components.seconds) s"
    )
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

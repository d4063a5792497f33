import RolloutCore
import RolloutEngine

/// Whether the journals are as they were written.
enum VerificationRenderer {
  static func text(_ found: Verification, palette: Palette) -> String {
    var text = (found.structure ?? []).map { problem in
      StyledLine("\(Signs.failed) the file: \(problem)", .bad).text(palette) + "\n"
    }.joined()
    var table = TextTable("ROLLOUT", "SERVICE", "RECORDS", "JOURNAL")
    for entry in found.rollouts {
      table.add([
        (entry.id.text, .plain), (entry.service ?? "?", .plain), ("\(entry.records)", .plain), verdict(entry),
      ])
    }
    text += table.text(palette)
    return text
  }

  private static func verdict(_ entry: Verification.Entry) -> TextTable.Cell {
    guard let fault = entry.fault else {
      return ("\(Signs.done) whole" + (entry.head.map { ", head \($0)" } ?? ""), .good)
    }
    let record = [fault.kind, fault.at.map { TimeWords.precise($0) }].compactMap { $0 }.joined(separator: ", ")
    let name = record.isEmpty ? "record \(fault.sequence)" : "record \(fault.sequence) (\(record))"
    return ("\(Signs.failed) \(name): \(fault.detail)", .bad)
  }

  static func json(_ found: Verification) -> JSONText {
    .object([
      ("v", JSONLines.version), ("whole", .bool(found.isWhole)),
      ("file", found.structure.map { .array($0.map { .string($0) }) } ?? .null),
      ("rollouts", .array(found.rollouts.map(json))),
    ])
  }

  private static func json(_ entry: Verification.Entry) -> JSONText {
    .object([
      ("rollout", .string(entry.id.text)), ("service", .text(entry.service)), ("whole", .bool(entry.fault == nil)),
      ("records", .count(entry.records)), ("head", .text(entry.head?.text)),
      (
        "firstBad",
        entry.fault.map { fault in
          .object([
            ("seq", .count(fault.sequence)), ("event", .text(fault.kind)), ("at", .time(fault.at)),
            ("detail", .string(fault.detail)),
          ])
        } ?? .null
      ),
    ])
  }

  /// What to do about it, for standard error; nothing where all is whole.
  static func advice(_ found: Verification, journal: String) -> [String] {
    if found.isWhole { return [] }
    let damaged = found.rollouts.filter { $0.fault != nil }
    var lines: [String] = []
    if !damaged.isEmpty {
      let count = damaged.count == 1 ? "1 rollout is" : "\(damaged.count) rollouts are"
      lines.append("canary: \(count) damaged; whole ones go on")
      if damaged.contains(where: { $0.fault?.hindrance != nil }) {
        lines.append("  no host is asked anything for one whose records cannot be followed")
      }
      if damaged.contains(where: { $0.fault?.hindrance == nil }) {
        lines.append("  where only the list shows another state, the records count: they are gone on with, or read")
      }
    }
    if found.structure?.isEmpty == false {
      lines.append("canary: \(DisplayText.clean(journal)) is damaged; lists may be short")
    }
    lines.append(
      "  restore \(DisplayText.clean(journal)) from a backup while no canary runs, and take its -wal and -shm away")
    return lines
  }
}

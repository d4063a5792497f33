/// Lines of comma-separated cells (RFC 4180), strictly: quotes around whole cells only, none across lines.
struct CSVLines {
  private let bytes: [UInt8]
  private var position = 0
  private var line = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
  }

  /// The next line that is not blank; nil at the end.
  mutating func next() throws(RecordingCSV.Damage) -> (fields: [String], line: Int)? {
    while position < bytes.count {
      var end = position
      while end < bytes.count, bytes[end] != 0x0A { end += 1 }
      var content = bytes[position..<end]
      position = end + 1
      line += 1
      if content.last == 0x0D { content.removeLast() }
      if content.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
      return (try cells(content), line)
    }
    return nil
  }

  private func cells(_ content: ArraySlice<UInt8>) throws(RecordingCSV.Damage) -> [String] {
    guard !content.contains(0), content.count <= 1 << 16 else {
      throw RecordingCSV.Damage(line, "a line of no text, or of more than 64 KiB")
    }
    var cells: [String] = []
    var index = content.startIndex
    while true {
      let (cell, end) = try cell(content, from: index)
      guard let text = String(validating: cell, as: UTF8.self) else {
        throw RecordingCSV.Damage(line, "text that is not UTF-8")
      }
      cells.append(text)
      guard end < content.endIndex else { return cells }
      index = end + 1
    }
  }

  /// A cell and where the comma behind it is, or the end.
  private func cell(
    _ content: ArraySlice<UInt8>, from start: Int
  ) throws(RecordingCSV.Damage) -> ([UInt8], Int) {
    let (quote, comma) = (UInt8(ascii: "\""), UInt8(ascii: ","))
    guard start < content.endIndex, content[start] == quote else {
      let end = content[start...].firstIndex(of: comma) ?? content.endIndex
      guard !content[start..<end].contains(quote) else {
        throw RecordingCSV.Damage(line, "a quote within a cell: write the whole cell in quotes, and `\"\"` for one")
      }
      return (Array(content[start..<end]), end)
    }
    var cell: [UInt8] = []
    var index = start + 1
    while index < content.endIndex {
      if content[index] != quote {
        cell.append(content[index])
        index += 1
      } else if index + 1 < content.endIndex, content[index + 1] == quote {
        cell.append(quote)
        index += 2
      } else {
        guard index + 1 == content.endIndex || content[index + 1] == comma else {
          throw RecordingCSV.Damage(line, "text behind a closing quote")
        }
        return (cell, index + 1)
      }
    }
    throw RecordingCSV.Damage(line, "a quote that does not close")
  }
}

/// Which column is where.
struct CSVColumns {
  let count: Int
  let time: Int
  let instance: Int
  let check: Int
  private(set) var recording: Int?
  private(set) var seconds: Int?
  private(set) var events: Int?
  private(set) var exposure: Int?
  private(set) var value: Int?
  /// Ascending by edge.
  private(set) var edges: [(edge: Double, column: Int)] = []

  static let names = ["recording", "time", "instance", "check", "seconds", "events", "exposure", "value"]

  init(_ header: [String]) throws(RecordingCSV.Damage) {
    var places: [String: Int] = [:]
    for (column, name) in header.enumerated() {
      guard places.updateValue(column, forKey: name) == nil else {
        throw RecordingCSV.Damage(1, "two columns `\(DisplayText.clean(String(name.prefix(64))))`")
      }
      guard name.hasPrefix("le=") else {
        if Self.names.contains(name) { continue }
        throw RecordingCSV.Damage(
          1,
          "no known column `\(DisplayText.clean(String(name.prefix(64))))`, expected "
            + "\(Self.names.joined(separator: ", ")) or le=EDGE")
      }
      let text = name.dropFirst(3)
      guard let edge = text == "+Inf" ? .infinity : PlainNumber.parse(text) else {
        throw RecordingCSV.Damage(1, "`\(DisplayText.clean(String(name.prefix(64))))`: expected le=0.25 or le=+Inf")
      }
      edges.append((edge, column))
    }
    edges.sort { $0.edge < $1.edge }
    for (lower, upper) in zip(edges, edges.dropFirst()) where lower.edge == upper.edge {
      throw RecordingCSV.Damage(1, "two columns of the edge \(upper.edge)")
    }
    guard let time = places["time"], let instance = places["instance"], let check = places["check"] else {
      throw RecordingCSV.Damage(1, "a header with at least time, instance and check is wanted")
    }
    (count, self.time, self.instance, self.check) = (header.count, time, instance, check)
    (recording, seconds, events) = (places["recording"], places["seconds"], places["events"])
    (exposure, value) = (places["exposure"], places["value"])
  }
}

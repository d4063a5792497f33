/// A reader of something that comes from outside, and what must hold of it for every input.
public struct FuzzTarget: Sendable {
  public let name: String
  /// The most CPU time that one input of `longestInput` bytes may take in an optimised, instrumented build.
  public let milliseconds: Int
  let oracle: @Sendable ([UInt8]) throws(Violation) -> Void

  /// Longer inputs are cut: past this length there are more bytes and no more shapes.
  public static let longestInput = 16 * 1024

  init(_ name: String, milliseconds: Int = 250, _ oracle: @escaping @Sendable ([UInt8]) throws(Violation) -> Void) {
    self.name = name
    self.milliseconds = milliseconds
    self.oracle = oracle
  }

  /// Throws where something does not hold. Traps where the reader does.
  public func check(_ input: [UInt8]) throws(Violation) {
    try oracle(input.count > Self.longestInput ? Array(input.prefix(Self.longestInput)) : input)
  }

  public static let all: [FuzzTarget] = [
    .init("policy", PolicyOracle.check), .init("hosts", HostsOracle.check),
    .init("reply", ReplyOracle.check), .init("request", RequestOracle.check),
    .init("journal", milliseconds: 1000, JournalOracle.check),
    .init("machine", milliseconds: 2000, MachineOracle.check),
    .init("chain", milliseconds: 2000, ChainOracle.check),
    .init("samples", SampleOracle.check),
    .init("exposition", ExpositionOracle.check), .init("selector", SelectorOracle.check),
    .init("prometheus", PrometheusOracle.check), .init("graphite", GraphiteOracle.check),
    .init("statsd", StatsDOracle.check), .init("json", JSONOracle.check),
    .init("judge", milliseconds: 2000, JudgeOracle.check),
  ]

  public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Something that must hold of every input does not hold of this one.
public struct Violation: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ description: String) { self.description = description }
}

func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws(Violation) {
  if !holds { throw Violation(promise()) }
}

/// Draws choices from the bytes of an input, zeros when they are used up.
struct Choices {
  private var bytes: ArraySlice<UInt8>
  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes)[...] }

  var isEmpty: Bool { bytes.isEmpty }
  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }
  /// From 0 up to, and without, `limit`, which is above 0.
  mutating func below(_ limit: Int) -> Int {
    limit <= 256 ? Int(byte()) % limit : (Int(byte()) << 8 | Int(byte())) % limit
  }
  mutating func flag() -> Bool { byte() & 1 == 1 }
  mutating func pick<Value>(_ values: [Value]) -> Value? { values.isEmpty ? nil : values[below(values.count)] }
  mutating func word() -> UInt64 { (0..<8).reduce(0) { word, _ in word << 8 | UInt64(byte()) } }
}

extension [UInt8] {
  var text: String { String(decoding: self, as: UTF8.self) }
  /// The parts between lines that consist of `mark` alone.
  func parts(at mark: String) -> [[UInt8]] {
    var parts: [[UInt8]] = [[]]
    for line in split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if line.elementsEqual(mark.utf8) {
        if parts[parts.count - 1].last == UInt8(ascii: "\n") { parts[parts.count - 1].removeLast() }
        parts.append([])
      } else {
        parts[parts.count - 1] += line + [UInt8(ascii: "\n")]
      }
    }
    // The line break after the last line is the input's own.
    parts[parts.count - 1].removeLast(Swift.min(1, parts[parts.count - 1].count))
    return parts
  }
}

internal import CanaryJudge
internal import FoundationEssentials
internal import RolloutCore

@testable internal import Observers

/// JSON documents that a program prints or an instance serves, one after the other; the first line is a pointer.
enum JSONOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let cut = input.firstIndex(of: UInt8(ascii: "\n")) ?? input.endIndex
    let text = Array(input[..<cut]).text
    let pointer = JSONPointer(text)
    try require(pointer.map { $0.text == text } ?? true, "a pointer that reads as another one")
    var desks = [true, false].map { desk(text, isCumulative: $0) }
    for (number, body) in input[min(cut + 1, input.endIndex)...].parts.enumerated() {
      try point(pointer, body)
      guard let document = JSONValue(body) else { continue }
      try Truncation.check(body, by: input.last ?? 0) { cut in
        // A number cut short is another number.
        if case .number = document { false } else { JSONValue(cut) != nil }
      }
      for index in desks.indices {
        let now = Timestamp(milliseconds: 1_800_000_000_000 + Int64(number) * 10_000)
        for row in desks[index].observe([.success(document)], at: now) {
          for observed in row {
            try Readings.check(observed)
            if case .object(let members) = document, members.isEmpty {
              try require(!Readings.isMeasured(observed), "an empty document passes for \(observed)")
            }
          }
        }
      }
    }
  }

  private static func desk(_ text: String, isCumulative: Bool) -> JSONDesk {
    let measures: [CheckPolicy.Measure] = [
      .ratio(events: "/{id}/errors", total: "/{id}/orders"), .rate("/{id}/orders"), .gauge("/{id}/queue"),
      .histogram(name: "/{id}/time", quantiles: [0.9]), .gauge(text), .rate(text),
    ]
    let checks = measures.map { measure in
      Result { () throws(ReadingProblem) in try JSONCheck(measure, isCumulative: isCumulative) }
    }
    return JSONDesk(checks, instances: [Instance(id: "a"), Instance(id: "b")], interval: .seconds(10))
  }

  /// The two ways to a value agree: the one that reads all of the document, and the one that reads on to the value.
  private static func point(_ pointer: JSONPointer?, _ body: [UInt8]) throws(Violation) {
    guard let pointer else { return }
    let answer = pointer.value(in: body)
    guard let document = JSONValue(body) else { return }
    switch (answer, document.value(at: pointer.tokens)) {
    case (.value(let text), .string(let other)): try require(text == other, "`\(text)` for `\(other)`")
    case (.value, .number), (.value, .boolean), (.value, .null): break
    case (.missing, nil), (.notScalar, .array), (.notScalar, .object): break
    case (let found, let expected):
      throw Violation("\(found) at \(pointer.text.debugDescription), and \(expected.map(\.kind) ?? "nothing")")
    }
  }
}

extension ArraySlice<UInt8> {
  fileprivate var parts: [[UInt8]] { Array(self).parts(at: ExpositionOracle.mark) }
}

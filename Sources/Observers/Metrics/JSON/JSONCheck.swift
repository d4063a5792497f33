internal import RolloutCore

/// What a check reads from JSON documents: its pointers, understood.
struct JSONCheck: Hashable, Sendable {
  let measure: Measure
  /// The numbers count up for ever instead of giving what is new since the last document.
  let isCumulative: Bool

  enum Measure: Hashable, Sendable {
    case ratio(events: JSONPointer, total: JSONPointer)
    case histogram(JSONPointer)
    case gauge(JSONPointer)
    /// Events per second; a share of the traffic is measured the same way.
    case rate(JSONPointer)
  }

  init(_ measure: CheckPolicy.Measure, isCumulative: Bool) throws(ReadingProblem) {
    self.isCumulative = isCumulative
    switch measure {
    case .ratio(let events, let total):
      self.measure = .ratio(events: try Self.pointer(events), total: try Self.pointer(total))
    case .histogram(let text, _): self.measure = .histogram(try Self.pointer(text))
    case .gauge(let text): self.measure = .gauge(try Self.pointer(text))
    case .rate(let text), .share(let text): self.measure = .rate(try Self.pointer(text))
    }
  }

  var pointers: [JSONPointer] {
    switch measure {
    case .ratio(let events, let total): [events, total]
    case .histogram(let pointer), .gauge(let pointer), .rate(let pointer): [pointer]
    }
  }

  /// Where one document speaks of all instances, every pointer has to name the instance.
  func refusal(of instances: [Instance]) -> String? {
    for pointer in pointers {
      let distinct = Set(instances.map { JSONPlace(pointer, $0).tokens })
      guard distinct.count < instances.count else { continue }
      return "\(Phrase.clean(pointer.text)) is the same place for several instances; write {id} in it"
    }
    return nil
  }

  private static func pointer(_ text: String) throws(ReadingProblem) -> JSONPointer {
    guard let pointer = JSONPointer(text) else {
      throw ReadingProblem(.error, detail: "\(Phrase.clean(text)) is no JSON pointer, such as /{id}/orders")
    }
    return pointer
  }
}

/// A pointer with `{id}`, `{host}` and labels put in for one instance, each within its token: a `/` in a label does not
/// lead elsewhere.
struct JSONPlace: Hashable, Sendable {
  let tokens: [String]

  init(_ pointer: JSONPointer, _ instance: Instance) { tokens = pointer.tokens.map(instance.expanding) }

  var text: String {
    let escaped = tokens.map { token in
      "/"
        + token.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
        .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }
    return Phrase.clean(escaped.joined())
  }

  /// The number there. Neither null nor nothing is zero.
  func number(in document: JSONValue) throws(ReadingProblem) -> Double {
    switch document.value(at: tokens) {
    case nil: throw ReadingProblem(.noData, detail: "nothing at \(text)")
    case .null: throw ReadingProblem(.noData, detail: "null at \(text)")
    case .number(let number) where number.isFinite: return number
    case .number: throw ReadingProblem(.error, detail: "no finite number at \(text)")
    case .some(let other): throw ReadingProblem(.error, detail: "\(other.kind) at \(text), expected a number")
    }
  }

  func count(in document: JSONValue) throws(ReadingProblem) -> Double {
    let count = try number(in: document)
    guard count >= 0 else {
      throw ReadingProblem(.error, detail: "\(Phrase.number(count)) at \(text), expected a count, not below zero")
    }
    return count
  }
}

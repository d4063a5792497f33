internal import CurlClient
internal import RolloutCore

/// Judges one answer by what a policy expects of it. Nil where it is met, otherwise a phrase.
struct HTTPExpectations: Sendable {
  let expect: HTTPProbe.Expectation

  func objection(to response: CurlResponse) -> String? {
    statusObjection(response) ?? bodyObjection(response) ?? jsonObjection(response) ?? headerObjection(response)
  }

  private func statusObjection(_ response: CurlResponse) -> String? {
    guard !expect.status.contains(response.status) else { return nil }
    return "\(response.status), expected \(expect.status.map(String.init).joined(separator: " or "))"
  }

  private func bodyObjection(_ response: CurlResponse) -> String? {
    guard let text = expect.body, !Self.contains(response.body, Array(text.utf8)) else { return nil }
    return "body lacks \(Phrase.clean(text).debugDescription), begins \(Phrase.clean(response.body).debugDescription)"
  }

  private func jsonObjection(_ response: CurlResponse) -> String? {
    for expected in expect.json {
      guard let found = Self.json(expected.pointer, response.body) else {
        return "\(expected.pointer) is not a JSON pointer"
      }
      switch found {
      case .success(let value) where value == expected.equals: continue
      case .success(let value): return "\(expected.pointer) is \(Phrase.clean(value)), expected \(expected.equals)"
      case .failure(let objection): return objection.phrase
      }
    }
    return nil
  }

  private func headerObjection(_ response: CurlResponse) -> String? {
    for expected in expect.headers {
      let value = response.header(expected.name)
      guard value != expected.value else { continue }
      return "header \(expected.name) is \(value.map { Phrase.clean($0) } ?? "missing"), expected \(expected.value)"
    }
    return nil
  }

  private static func contains(_ bytes: [UInt8], _ wanted: [UInt8]) -> Bool {
    guard let first = wanted.first else { return true }
    guard bytes.count >= wanted.count else { return false }
    var start = 0
    while let hit = bytes[start...(bytes.count - wanted.count)].firstIndex(of: first) {
      if bytes[hit..<(hit + wanted.count)].elementsEqual(wanted) { return true }
      start = hit + 1
      guard start <= bytes.count - wanted.count else { return false }
    }
    return false
  }

  struct Objection: Error { var phrase: String }

  /// The text at a pointer; nil when the pointer itself is malformed.
  static func json(_ pointer: String, _ body: [UInt8]) -> Result<String, Objection>? {
    guard let pointer = JSONPointer(pointer) else { return nil }
    switch pointer.value(in: body) {
    case .value(let text): return .success(text)
    case .missing: return .failure(Objection(phrase: "nothing at \(pointer.text)"))
    case .notScalar: return .failure(Objection(phrase: "no plain value at \(pointer.text)"))
    case .notJSON:
      return .failure(Objection(phrase: "not JSON, begins \(Phrase.clean(body).debugDescription)"))
    }
  }
}

/// The version that an answer names.
enum VersionReading {
  static func objection(_ source: HTTPProbe.VersionSource, in response: CurlResponse, expected: Version) -> String? {
    switch named(source, in: response) {
    case .success(expected.text): nil
    case .success(let other): "answers version \(Phrase.clean(other)), expected \(expected)"
    case .failure(let objection): "names no version: \(objection.phrase)"
    }
  }

  private static func named(
    _ source: HTTPProbe.VersionSource, in response: CurlResponse
  ) -> Result<String, HTTPExpectations.Objection> {
    switch source {
    case .body: return text(response.body)
    case .header(let name):
      guard let value = response.header(name) else { return .failure(.init(phrase: "no header \(name)")) }
      return .success(Phrase.trimmed(value))
    case .pointer(let pointer):
      return HTTPExpectations.json(pointer, response.body)
        ?? .failure(.init(phrase: "\(pointer) is not a JSON pointer"))
    case .path:
      guard (200..<300).contains(response.status) else { return .failure(.init(phrase: "\(response.status)")) }
      if response.body.first(where: { !isBlank($0) }) == UInt8(ascii: "{") {
        return HTTPExpectations.json("/version", response.body) ?? text(response.body)
      }
      return text(response.body)
    }
  }

  private static func text(_ body: [UInt8]) -> Result<String, HTTPExpectations.Objection> {
    // No version is that long; a page that is one must not be copied into messages.
    guard body.count <= 1024 else { return .failure(.init(phrase: "a body of \(body.count) bytes")) }
    let text = Phrase.trimmed(String(decoding: body, as: UTF8.self))
    return text.isEmpty ? .failure(.init(phrase: "an empty body")) : .success(text)
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
}

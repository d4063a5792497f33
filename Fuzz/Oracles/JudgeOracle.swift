internal import FoundationEssentials
internal import JudgeProtocol

/// Lines to the judge. Each gets one line of JSON, or a reason.
enum JudgeOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var stream = JudgeStream()
    for line in input.split(separator: UInt8(ascii: "\n")).prefix(64) {
      let answer: String
      do throws(WireError) { answer = try stream.answer(Array(line)) } catch {
        try require(!error.description.isEmpty, "no reason")
        continue
      }
      try require(!answer.contains("\n"), "an answer of two lines")
      guard let read = try? JSONDecoder().decode(Answer.self, from: Data(answer.utf8)) else {
        throw Violation("an answer that is no JSON: \(answer.debugDescription)")
      }
      try require(
        read.ok == true || ["wait", "pass", "halt"].contains(read.verdict), "an answer without a verdict: \(answer)")
    }
  }

  private struct Answer: Decodable {
    var ok: Bool?
    var verdict: String?
    var evidence: Double?
    enum CodingKeys: String, CodingKey {
      case ok, verdict
      case evidence = "log_e"
    }
  }
}

public import RolloutCore

/// One answer of the host's script.
public struct HostResponse: Hashable, Sendable {
  public struct Field: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  /// `ok`, `succeeded`, `failed`, `refused` or `not_accepted`.
  public let status: String
  /// Every line after the status, in order.
  public let fields: [Field]
  /// What stands behind `end`.
  private let mark: String?

  /// Nil when the first line is not a status.
  init?(fields: [Field], mark: String?) {
    self.mark = mark
    guard let first = fields.first, first.name == "status" else { return nil }
    status = first.value
    self.fields = Array(fields.dropFirst())
  }

  /// Whether it is about the step, and under the fence, that `request` asks about.
  public func answers(_ request: HostRequest) -> Bool { mark == request.mark }

  /// The first value under that name.
  public func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }

  /// One sentence, control characters replaced; the end of the command's output after it where there is some.
  public var detail: String { describe(detail: value("detail"), output: value("output_hex")) }

  /// As the answer to a mutating command.
  public var outcome: Outcome {
    switch status {
    case "succeeded": return .succeeded
    case "failed": return .failed(detail: detail)
    case "not_accepted": return .notSent(detail: detail)
    case "refused":
      guard let fence = value("fence").flatMap({ Fence(words: $0) }) else { break }
      return .refused(current: fence)
    case "unrecorded": return .unanswered(detail: detail)
    default: break
    }
    return .unanswered(detail: "an answer that makes no sense from the host: status \(printable(status)). \(detail)")
  }

  /// As the answer to `inspect`.
  public func report() throws(HostAnswerFailure) -> HostReport {
    guard status == "ok" else { throw .refused(detail) }
    guard let boot = value("boot_id"), let free = value("free_bytes").flatMap({ Int64($0) }), free >= 0
    else {
      throw .incomplete("boot_id and free_bytes are missing")
    }
    let releases = fields.filter { $0.name == "release" }.compactMap { field -> HostReport.StagedRelease? in
      let words = printable(field.value).split(separator: " ")
      guard words.count == 2 else { return nil }
      return HostReport.StagedRelease(version: Version(String(words[0])), digest: Digest(String(words[1])))
    }
    return HostReport(
      current: value("current").map { Version(printable($0)) }, releases: releases,
      fence: value("fence").flatMap { Fence(words: $0) }, bootID: printable(boot), freeBytes: free,
      step: try stepRecord())
  }

  /// As the answer to `check`.
  public func checkResult() throws(HostAnswerFailure) -> CheckResult {
    guard status == "ok" else { throw .refused(detail) }
    guard let exit = value("exit_status").flatMap({ Int32($0) }) else { throw .incomplete("exit_status is missing") }
    return CheckResult(
      exitStatus: exit, hasTimedOut: value("timed_out") != nil, output: printableLines(value("output_hex") ?? ""))
  }

  private func stepRecord() throws(HostAnswerFailure) -> StepRecord? {
    switch value("step") {
    case nil: return nil
    case "absent": return .absent
    case "running": return .running
    case "interrupted": return .interrupted
    case "succeeded": return .finished(.succeeded)
    case "failed":
      return .finished(.failed(detail: describe(detail: value("step_detail"), output: value("step_output_hex"))))
    case let other?: throw .incomplete("step \(printable(other)) is no state of a step")
    }
  }
}

/// How a read-only command ended.
public struct CheckResult: Hashable, Sendable {
  /// 124 when the time limit passed, 126 or 127 when it could not be started.
  public var exitStatus: Int32
  public var hasTimedOut: Bool
  /// The end of its standard output and error together, control characters but line breaks replaced.
  public var output: String
  public init(exitStatus: Int32, hasTimedOut: Bool, output: String) {
    self.exitStatus = exitStatus
    self.hasTimedOut = hasTimedOut
    self.output = output
  }
}

/// An answer that is not one to the question.
public enum HostAnswerFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// The host says no, and why.
  case refused(String)
  case incomplete(String)

  public var description: String {
    switch self {
    case .refused(let detail): detail
    case .incomplete(let what): "an incomplete answer from the host: \(what)"
    }
  }
}

extension Fence {
  /// `<epoch> <step>`.
  init?(words: String) {
    let words = words.split(separator: " ")
    guard words.count == 2, let epoch = Int64(words[0]), let step = Int64(words[1]) else { return nil }
    self.init(epoch: epoch, step: step)
  }
}

/// The detail and the last lines of the output on one line.
private func describe(detail: String?, output: String?) -> String {
  let sentence = detail.map { printable($0) } ?? "no detail given by the host"
  let lines = printableLines(output ?? "").split(separator: "\n").suffix(10)
  guard !lines.isEmpty else { return sentence }
  return sentence + "; its output ends: " + String(lines.joined(separator: " | ").suffix(1000))
}

private func printableLines(_ hex: String) -> String {
  String(decoding: bytes(hex: hex), as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    .map { printable(String($0)) }.joined(separator: "\n")
}

/// The bytes before the first pair that is not hexadecimal.
private func bytes(hex: String) -> [UInt8] {
  var result: [UInt8] = []
  var high: UInt8?
  for byte in hex.utf8 {
    guard let nibble = Character(Unicode.Scalar(byte)).hexDigitValue.map({ UInt8($0) }) else { break }
    if let first = high {
      result.append(first << 4 | nibble)
      high = nil
    } else {
      high = nibble
    }
  }
  return result
}

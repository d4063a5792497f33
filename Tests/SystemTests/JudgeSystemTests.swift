import ChildProcesses
import Foundation
import TestKit
import Testing

/// `canary judge` over pipes: the protocol of CONTRIBUTING, one line in, one line out.
struct JudgeSystemTests {
  static let start = """
    {"type":"start","scenario":"x","instances":3,"canary":0,"tick_s":1,"hist":{"gamma":1.005,"x0_ms":0.1},\
    "policy":{"alpha":0.01,"beta":0.05,"burn_in_s":600,"warmup_s":60,"metrics":[\
    {"name":"errors","kind":"ratio","direction":"up","tolerance_ratio":1.1,"pass_ratio":1.5,"pass_abs":0.0002},\
    {"name":"latency","kind":"histogram","direction":"up","body_tolerance":0.025,"p90_tolerance":0.05,\
    "p99_tolerance":0.075,"pass_body":0.05,"pass_p99":0.15}]}}
    """

  static func tick(_ second: Int, failing: Int) -> String {
    func instance(_ failed: Int) -> String {
      #"{"n":50,"err":\#(failed),"biz":1,"restarts":0,"mem_mb":500.0,"lat":[1184,20,1190,\#(30 - failed / 2)]}"#
    }
    let phase = second < 0 ? "pre" : "canary"
    return """
      {"type":"tick","t":\(second),"phase":"\(phase)","canary":\(instance(failing)),\
      "baseline":[\(instance(0)),\(instance(0))]}
      """
  }

  static func judge(_ lines: [String]) async throws -> ProcessResult {
    let text = lines.joined(separator: "\n") + "\n"
    return try await ChildProcess.run(
      ProcessCommand([BuiltCanary.binary, "judge"]), stdin: .bytes(Array(text.utf8)), timeout: .seconds(60),
      outputLimit: 1 << 20
    ).get()
  }

  @Test func `total failure is halted within three seconds`() async throws {
    var lines = [Self.start]
    lines += (-60..<30).map { Self.tick($0, failing: 0) }
    lines += (30..<33).map { Self.tick($0, failing: 50) }
    lines.append(#"{"type":"end"}"#)
    let result = try await Self.judge(lines)
    let answers = String(decoding: result.output, as: UTF8.self).split(separator: "\n")
    #expect(result.status == .exited(0))
    #expect(answers.count == lines.count)
    #expect(answers.first == #"{"ok":true}"# && answers.last == #"{"ok":true}"#)
    #expect(answers[1..<91].allSatisfy { $0.hasPrefix(#"{"verdict":"wait""#) })
    #expect(answers[93].hasPrefix(#"{"verdict":"halt","metric":"errors""#), "\(answers[93])")
  }

  @Test(arguments: [
    "nonsense", #"{"type":"tick","t":0}"#, #"{"type":"start","instances":2}"#, #"{"type":"dance"}"#,
  ])
  func `bad input is named with its line and ends with 65`(line: String) async throws {
    let result = try await Self.judge([line])
    #expect(result.status == .exited(65))
    #expect(String(decoding: result.errorOutput, as: UTF8.self).contains("line 1 of standard input"))
  }
}

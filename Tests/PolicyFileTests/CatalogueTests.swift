import PolicyFile
import Testing

/// Every code explains itself, and its examples are true.
@Suite struct CatalogueTests {
  @Test(arguments: DiagnosticCode.allCases) func codeIsExplained(_ code: DiagnosticCode) {
    let explanation = code.explanation
    #expect(explanation.title != code.rawValue)
    #expect(explanation.text.count > 20)
    #expect(code.rawValue.wholeMatch(of: /CNY0\d{3}/) != nil)
    #expect(DiagnosticCode(parsing: code.rawValue.lowercased()) == code)
    #expect(explanation.rendered(code: code).hasPrefix("\(code.rawValue): \(explanation.title)\n"))
  }

  @Test(arguments: DiagnosticCode.allCases.filter { !$0.explanation.wrong.isEmpty })
  func wrongExampleHasTheProblem(_ code: DiagnosticCode) {
    #expect(PolicySample.codes(code.explanation.wrong).contains(code))
  }

  @Test(arguments: DiagnosticCode.allCases.filter { !$0.explanation.right.isEmpty })
  func rightExampleHasNoProblem(_ code: DiagnosticCode) {
    let parse = PolicySample.parse(PolicySample.with(code.explanation.right))
    let errors = parse.diagnostics.filter { $0.severity == .error || $0.code == code }
    #expect(errors.map(DiagnosticRenderer.renderLine) == [])
  }

  @Test func unknownCodeIsNone() { #expect(DiagnosticCode(parsing: "CNY9999") == nil) }

  /// What people type, and the key they meant.
  @Test(arguments: [
    ("servcie", "service"), ("service_", "service"), ("Instances", "instances"), ("instnaces", "instances"),
    ("transprot", "transport"), ("relase", "release"), ("cannary", "canary"), ("canry", "canary"),
    ("burnin", "burn_in"), ("burn-in", "burn_in"), ("wave", "waves"), ("max-unavailable", "max_unavailable"),
    ("maxUnavailable", "max_unavailable"), ("max_failure", "max_failures"), ("min_healthy_tme", "min_healthy_time"),
    ("healthy_deadlin", "healthy_deadline"), ("progess_deadline", "progress_deadline"), ("probe", "probes"),
    ("check", "checks"), ("false-alarm", "false_alarm"), ("onfail", "on_fail"), ("on_failure", "on_fail"),
    ("on_inconclusiv", "on_inconclusive"), ("on_nodata", "on_no_data"), ("on_abrot", "on_abort"),
    ("roolback", "rollback"), ("aproval", "approval"),
  ])
  func typoIsRecognised(_ typed: String, _ meant: String) {
    let minimal = PolicySample.minimal.filter { $0.key != meant }.map(\.text).joined(separator: "\n")
    let found = PolicySample.parse(minimal + "\n\(typed): 1\n").diagnostics.filter { $0.code == .unknownKey }
    #expect(found.map(\.help) == ["did you mean `\(meant)`?"])
  }

  @Test(arguments: ["x", "deadline", "telemetry", "strategy", "notify", "frobnicate"])
  func strangerIsNoTypo(_ typed: String) {
    let found = PolicySample.parse(PolicySample.with("\(typed): 1")).diagnostics
    #expect(found.map(\.code) == [.unknownKey])
    #expect(found.first?.help?.contains("did you mean") == false)
  }

  @Test func coloursSurroundAndNothingElse() {
    let found = PolicySample.parse(PolicySample.with("frobnicate: 1")).diagnostics
    let coloured = DiagnosticRenderer.render(found, colour: true)
    #expect(coloured.contains("\u{1B}[1;31merror[CNY0101]\u{1B}[0m"))
    #expect(coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "") == DiagnosticRenderer.render(found, colour: false))
  }

  @Test func escapesOfAFileDoNotReachTheTerminal() {
    let found = PolicyFile.parse(Array("a: \u{1B}[2J\n".utf8), path: "evil\u{1B}[2J.yaml").diagnostics
    #expect(!found.isEmpty)
    #expect(!DiagnosticRenderer.render(found, colour: false).contains("\u{1B}"))
  }
}

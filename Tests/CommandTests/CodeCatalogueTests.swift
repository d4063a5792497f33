import PolicyFile
import RolloutCore
import Testing

/// Codes of policy files and of plans share one name space: `explain` has one answer for each.
struct CodeCatalogueTests {
  private static let fileCodes = DiagnosticCode.allCases.map(\.rawValue)
  private static let planCodes = PlanProblemCode.allCases.map(\.rawValue)

  @Test func `no code has two meanings`() {
    #expect(Set(Self.fileCodes).intersection(Self.planCodes).sorted() == [])
  }

  @Test func `every code is explained with its own title`() async throws {
    try await CommandBench.with { bench in
      for code in DiagnosticCode.allCases {
        let ended = await bench("explain", code.rawValue)
        #expect(ended.status == 0 && ended.answers == code.explanation.rendered(code: code), "\(ended)")
      }
      for code in Self.planCodes {
        let title = try #require(PlanProblemCatalogue.entry(for: code)).title
        let ended = await bench("explain", code)
        #expect(ended.status == 0 && ended.answers.hasPrefix("\(code): \(title)\n"), "\(ended)")
      }
    }
  }
}

import FoundationEssentials
import RolloutCore
import Testing

@Suite struct PlanReferenceTests {
  /// `CANARY_WRITE_REFERENCE=1 swift test --filter PlanReferenceTests` writes the page.
  @Test func `the page of plan problems is what the catalogue says`() throws {
    let page = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../../docs/reference/plan-problems.md").standardized
    if ProcessInfo.processInfo.environment["CANARY_WRITE_REFERENCE"] == "1" {
      try Data(PlanProblemCatalogue.markdown.utf8).write(to: page)
    }
    let written = String(decoding: try Data(contentsOf: page), as: UTF8.self)
    #expect(written == PlanProblemCatalogue.markdown)
  }
}

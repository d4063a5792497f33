import FailPoints
import Foundation
import KillMatrix
import Testing

/// The part of the matrix that covers every row and every means. `make kill-matrix` runs all of it.
@Suite(.serialized, .timeLimit(.minutes(10))) struct KillMatrixTests {
  @Test func aCoveringPartOverLocalIsGreen() async throws { try await expectGreen(.local) }

  @Test(.enabled(if: Arena.hasSSH, "needs openssh-server"))
  func aCoveringPartOverSSHIsGreen() async throws { try await expectGreen(.ssh) }

  private func expectGreen(_ reach: Arena.Reach) async throws {
    let table = try await Matrix.runCover(of: reach)
    print(table.text)
    for result in table.reds { Issue.record("\(result.cell): \(result.objections.joined(separator: "\n"))") }
    #expect(!table.results.isEmpty)
    for result in table.skipped { print("skipped: \(result.cell): \(result.skipped ?? "")") }
    #expect(table.missing.isEmpty, "rows and means without a cell")
    #expect(table.unproven.isEmpty, "rows and means of which no cell met its place")
  }
}

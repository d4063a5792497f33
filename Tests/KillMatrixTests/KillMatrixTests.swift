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
    if reach == .local { #expect(table.missing.isEmpty, "rows without a cell") }
    // A run may take a turn less than the one that was surveyed, but not many of them may.
    #expect(table.unmet.count * 5 <= table.results.count, "\(table.unmet.map(\.cell))")
  }
}

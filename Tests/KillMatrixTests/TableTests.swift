import Testing

@testable import KillMatrix

/// What never happened proves nothing.
struct TableTests {
  private func result(_ cell: Cell, isMet: Bool = true, skipped: String? = nil, _ objections: [String] = [])
    -> CellResult
  {
    CellResult(cell: cell, objections: objections, isMet: isMet, time: .zero, skipped: skipped)
  }

  private func table(_ results: [CellResult], isPart: Bool = true) -> Table {
    var table = Table(isPart: isPart)
    table.plan(results.map(\.cell))
    for result in results { table.add(result) }
    return table
  }

  /// One cell of every row and one of every means.
  private var whole: [CellResult] {
    Matrix.required.map { result(Cell(.killController, $0)) } + Cell.Means.allCases.map { result(Cell($0, "any")) }
  }

  @Test func aWholeTableWhoseCellsMetTheirPlacesIsGreen() {
    #expect(table(whole, isPart: false).isGreen)
  }

  @Test(arguments: ["put-aside.synced", "host publish_release", "disk full"])
  func whatHasNoCellIsMissing(_ name: String) {
    let rest = whole.filter { $0.cell.row != name && $0.cell.means.rawValue != name }
    let table = table(rest, isPart: false)
    #expect(table.missing == [name])
    #expect(!table.isGreen)
  }

  @Test func aRowWhoseCellsMetNothingIsNotGreen() {
    let unmet = result(Cell(.killController, "sent"), isMet: false)
    #expect(table([unmet, result(Cell(.killController, "replied"))]).unproven == ["sent"])
    #expect(!table([unmet, result(Cell(.killController, "replied"))]).isGreen)
    #expect(table([unmet, result(Cell(.killController, "sent", 2))]).isGreen)
  }

  @Test func aMeansWhoseCellsMetNothingIsNotGreen() {
    let unmet = result(Cell(.failSync, "sent"), isMet: false)
    #expect(table([unmet, result(Cell(.killController, "sent"))]).unproven == ["EIO of sync"])
  }

  @Test func whatWasPlannedAndNeverRunIsNotGreen() {
    var table = Table()
    table.plan(whole.map(\.cell))
    #expect(table.missing.isEmpty)
    #expect(table.unproven.count == Matrix.required.count + Cell.Means.allCases.count)
  }

  @Test func whatNeedsRootIsNamedAsSkipped() {
    let cell = Cell(.fillDisk, "store")
    let table = table([result(cell, isMet: false, skipped: "needs \(cell.needed ?? "nothing")")])
    #expect(table.isGreen && table.unmet.isEmpty)
    #expect(table.summary(time: .zero).contains("skipped: disk full at store #1, forward over local: needs root"))
    #expect(table.text.contains("skipped"))
  }
}

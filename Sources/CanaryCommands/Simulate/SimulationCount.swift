internal import RolloutCore
internal import RolloutSimulation

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// How many runs ended how.
struct SimulationCount: Hashable, Sendable {
  struct Ending: Hashable, Sendable {
    var end: SimulatedEnd
    var runs: Int
    /// The first seed that ended so.
    var seed: UInt64
  }

  struct Broken: Hashable, Sendable {
    var seed: UInt64
    var violation: Violation
  }

  var seeds: ClosedRange<UInt64>
  /// Most frequent first.
  var endings: [Ending]
  var worstDown: Int
  var worstSeed: UInt64
  var median: TimeSpan
  var longest: TimeSpan
  var longestSeed: UInt64
  /// The first broken promise of each run that broke one.
  var broken: [Broken]

  var runs: Int { Int(seeds.upperBound - seeds.lowerBound) + 1 }

  /// What is kept of a run.
  private struct Row: Sendable {
    var end: SimulatedEnd
    var worstDown: Int
    var length: TimeSpan
    var broken: Violation?

    init(_ run: SimulatedRun) {
      (end, worstDown, length, broken) = (run.end, run.worstDown, run.length, run.broken.first)
    }
  }

  /// Runs `runs` seeds from `first` on, on all processors; the count does not depend on how many there are.
  static func of(
    _ rehearsal: Rehearsal, seeds first: UInt64, runs: Int, faults: Int, in context: CommandContext
  ) async -> SimulationCount {
    let progress = ProgressNote(context)
    let width = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let rows = await withTaskGroup(of: (Int, Row).self) { tasks in
      var rows = [Row?](repeating: nil, count: runs)
      var (begun, done) = (0, 0)
      func begin() {
        guard begun < runs else { return }
        let number = begun
        begun += 1
        tasks.addTask {
          let seed = first + UInt64(number)
          let scenario = rehearsal.scenario(seed: seed, faults: faults)
          return (number, Row(SimulatedRun(seed: seed, scenario, Simulation.run(scenario))))
        }
      }
      for _ in 0..<width { begin() }
      while let (number, row) = await tasks.next() {
        rows[number] = row
        done += 1
        progress.say("\(done) of \(runs) runs")
        begin()
      }
      return rows.compactMap { $0 }
    }
    return SimulationCount(rows, from: first)
  }

  private init(_ rows: [Row], from first: UInt64) {
    seeds = first...(first + UInt64(max(1, rows.count) - 1))
    (endings, broken, worstDown, worstSeed) = ([], [], 0, first)
    (longest, longestSeed) = (.zero, first)
    for (number, row) in rows.enumerated() {
      let seed = first + UInt64(number)
      if let index = endings.firstIndex(where: { $0.end == row.end }) {
        endings[index].runs += 1
      } else {
        endings.append(Ending(end: row.end, runs: 1, seed: seed))
      }
      if row.worstDown > worstDown { (worstDown, worstSeed) = (row.worstDown, seed) }
      if row.length > longest { (longest, longestSeed) = (row.length, seed) }
      if let violation = row.broken { broken.append(Broken(seed: seed, violation: violation)) }
    }
    endings.sort { a, b in a.runs == b.runs ? a.seed < b.seed : a.runs > b.runs }
    median = rows.map(\.length).sorted()[safely: rows.count / 2] ?? .zero
  }
}

extension Array {
  fileprivate subscript(safely index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}

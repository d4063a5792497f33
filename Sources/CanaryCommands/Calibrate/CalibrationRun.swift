internal import ImmuneSystem
internal import RolloutCore
internal import RolloutEngine

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// Plays a calibration's burn-ins on all processors.
enum CalibrationRun {
  static func report(_ bench: CalibrationBench, named name: String, in context: CommandContext) async
    -> CalibrationReport
  {
    let progress = ProgressNote(context)
    var course = CalibrationCourse(bench)
    while case let jobs = course.next(), !jobs.isEmpty {
      course.take(
        await outcomes(of: jobs, bench) { [round = course.currentRound] done in
          progress.say("\(name): \(round.words), \(done) of \(jobs.count) burn-ins")
        })
    }
    return course.report
  }

  private static func outcomes(
    of jobs: [TrialJob], _ bench: CalibrationBench, progress: (Int) -> Void
  ) async -> [TrialOutcome] {
    let width = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return await withTaskGroup(of: (Int, TrialOutcome).self) { tasks in
      var outcomes = [TrialOutcome](repeating: TrialOutcome(), count: jobs.count)
      var (begun, done) = (0, 0)
      func begin() {
        guard begun < jobs.count else { return }
        let (index, job) = (begun, jobs[begun])
        tasks.addTask { (index, bench.play(job)) }
        begun += 1
      }
      for _ in 0..<width { begin() }
      while let (index, outcome) = await tasks.next() {
        outcomes[index] = outcome
        done += 1
        progress(done)
        begin()
      }
      return outcomes
    }
  }
}

extension CalibrationCourse.Round {
  fileprivate var words: String {
    switch self {
    case .together: "calm data"
    case .alone: "calm data, check by check"
    case .tolerances: "looking for tolerances"
    case .regressions: "regressions put in"
    case .adjusted: "calm data with the tolerances found"
    case .done: "done"
    }
  }
}

/// Lines for whoever waits long: none in the first seconds, then one now and then.
final class ProgressNote: Sendable {
  private let context: CommandContext
  private let last: Cell<TimeSpan>

  private static let first = TimeSpan.seconds(3)
  private static let pause = TimeSpan.seconds(5)

  init(_ context: CommandContext) {
    self.context = context
    last = Cell(context.clock.uptime() + (Self.first - Self.pause))
  }

  func say(_ text: @autoclosure () -> String) {
    let now = context.clock.uptime()
    guard now - last.current >= Self.pause else { return }
    last.update { $0 = now }
    context.console.note(text())
  }
}

internal import ChildProcesses
internal import RolloutCore

/// Reads checks from a JSON document that a program on the controller's machine prints: one run for all checks and
/// instances. A program that stops by itself with a status other than 0, prints anything else or too much, or takes too
/// long is an error of the checks.
actor CommandReader: MetricReader {
  nonisolated let checks: [Int]
  nonisolated let interval: TimeSpan
  private let source: CommandSource
  private let directory: String?
  private var desk: JSONDesk

  /// Longest document, in bytes.
  static let outputLimit = 1 << 20

  /// `directory` is where the program runs; nil is our own.
  init(_ group: ReaderGroup, source: CommandSource, directory: String?) {
    checks = group.indices
    interval = group.interval
    self.source = source
    self.directory = directory
    let checks = group.checks.map { Self.check($0.measure, source, group.instances) }
    desk = JSONDesk(checks, instances: group.instances, interval: group.interval)
  }

  private static func check(
    _ measure: CheckPolicy.Measure, _ source: CommandSource, _ instances: [Instance]
  ) -> Result<JSONCheck, ReadingProblem> {
    Result { () throws(ReadingProblem) in
      let check = try JSONCheck(measure, isCumulative: source.isCumulative)
      if let detail = check.refusal(of: instances) { throw ReadingProblem(.error, detail: detail) }
      return check
    }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of policy: CheckPolicy, source: CommandSource, on instances: [Instance]) -> String? {
    if case .failure(let problem) = check(policy.measure, source, instances) { problem.detail } else { nil }
  }

  func read(at now: Timestamp) async -> [[Observation]] {
    let document = await run()
    return desk.observe([document], at: now)
  }

  private func run() async -> Result<JSONValue, ReadingProblem> {
    let longest = max(interval.milliseconds, 10_000)
    let run = await CapturedRun.of(
      ProcessCommand(source.argv, workingDirectory: directory),
      timeout: .milliseconds(min(source.timeout.milliseconds, longest)), outputLimit: Self.outputLimit)
    let program = Phrase.clean(source.argv.first ?? "")
    switch run {
    case .failure(let problem): return .failure(ReadingProblem(.error, detail: "\(program): \(problem)"))
    case .success(let output):
      guard let document = JSONValue(output) else {
        let start = output.isEmpty ? "nothing" : "`\(Phrase.clean(output, limit: 40))`"
        return .failure(ReadingProblem(.error, detail: "\(program): expected one JSON document, it printed \(start)"))
      }
      return .success(document)
    }
  }
}

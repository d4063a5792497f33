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

  /// `checks` run the same program at the same interval; each says for itself whether its numbers count up. `directory`
  /// is where the program runs.
  init(
    _ checks: [(index: Int, policy: CheckPolicy)], source: CommandSource, interval: TimeSpan, instances: [Instance],
    directory: String?
  ) {
    self.checks = checks.map(\.index)
    self.interval = interval
    self.source = source
    self.directory = directory
    desk = JSONDesk(
      checks.map { Self.check($0.policy, instances) }, instances: instances, interval: interval)
  }

  private static func check(_ policy: CheckPolicy, _ instances: [Instance]) -> Result<JSONCheck, ReadingProblem> {
    var isCumulative = true
    if case .command(let source) = policy.source { isCumulative = source.isCumulative }
    do throws(ReadingProblem) {
      let check = try JSONCheck(policy, isCumulative: isCumulative)
      if let detail = check.refusal(of: instances) { throw ReadingProblem(.error, detail: detail) }
      return .success(check)
    } catch { return .failure(error) }
  }

  /// Why a check can never be measured on these instances; nil when it can.
  static func refusal(of policy: CheckPolicy, on instances: [Instance]) -> String? {
    if case .failure(let problem) = check(policy, instances) { problem.detail } else { nil }
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

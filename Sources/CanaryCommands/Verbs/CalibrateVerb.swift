internal import ArgumentParser
internal import ImmuneSystem
internal import RolloutCore

struct CalibrateVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Run a policy's checks over recorded data: would they cry wolf?",
    discussion: """
      Takes stretches in which all instances ran one version, lets each of them in turn play the canary against the \
      others, and counts how often the checks would have halted it. Then it makes the would-be canary worse, and says \
      what would have been caught, and how soon. Without an option for the data it takes what past rollouts of the \
      service recorded. Touches nothing.
      """)

  @Argument(
    help: ArgumentHelp("Policy files. Default: the policy found here.", valueName: "file"),
    completion: .file(extensions: ["yaml", "yml"]))
  var policies: [String] = []

  @Option(
    help: ArgumentHelp(
      "Ask the metrics servers that the policy reads for so much time until now, such as 24h.", valueName: "duration"))
  var since: DurationArgument?

  @Option(
    name: [.long, .customLong("prometheus-range")],
    help: ArgumentHelp("Ask them for this stretch of time; both ends in RFC 3339.", valueName: "from..to"))
  var range: RangeArgument?

  @Option(
    help: ArgumentHelp("Take a table of measurements; - is standard input.", valueName: "file"), completion: .file())
  var csv: String?

  @Option(
    help: ArgumentHelp("Write the data that are used as a table, for --csv.", valueName: "file"), completion: .file())
  var writeCsv: String?

  @Option(help: ArgumentHelp("Most burn-ins that are played of calm data.", valueName: "n"))
  var runs = 240

  @OptionGroup var common: CommonOptions

  /// More would take longer than anybody waits.
  private static let mostRuns = 10_000

  func validate() throws {
    if [since != nil, range != nil, csv != nil].count(where: { $0 }) > 1 {
      throw ValidationError("--since, --range and --csv exclude each other")
    }
    guard (1...Self.mostRuns).contains(runs) else {
      throw ValidationError("--runs takes a number from 1 to \(Self.mostRuns)")
    }
    if policies.count > 1, writeCsv != nil || csv == "-" {
      throw ValidationError("--write-csv and --csv - are for one policy")
    }
    if !policies.isEmpty, common.policy != nil {
      throw ValidationError("a policy as argument and --policy exclude each other")
    }
  }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    var documents: [PolicyDocument] = []
    for name in policies { documents.append(try session.policies.read(name)) }
    if documents.isEmpty { documents = [try session.policies.find(service: nil)] }
    let source = source(now: context.now())
    var results: [CalibrationResult] = []
    for document in documents { results.append(try await result(document, source, session)) }
    session.answer(
      text: results.map { CalibrationRenderer.text($0, palette: session.palette) }.joined(separator: "\n"),
      json: .array(results.map(CalibrationJSON.json)))
    return .succeeded
  }

  private func source(now: Timestamp) -> CalibrationSource {
    if let csv { return .csv(csv) }
    if let range { return .history(range.range) }
    if let since { return .history((now + (.zero - since.span))...now) }
    return .journal
  }

  private func result(
    _ document: PolicyDocument, _ source: CalibrationSource, _ session: Session
  ) async throws(CommandFailure) -> CalibrationResult {
    guard !document.policy.checks.isEmpty else {
      throw .refused(
        "\(document.shownPath) has no checks: there is nothing to calibrate",
        next: "policies/web-tier.yaml shows some; docs/METRICS.md explains them")
    }
    let (recordings, notes) = try await source.recordings(for: document, in: session)
    if let writeCsv, !recordings.isEmpty {
      let text = RecordingCSVText.text(recordings, checks: document.policy.checks)
      do { try Files.replace(session.context.absolute(writeCsv), with: text) } catch {
        throw .broken("cannot write \(writeCsv): \(error.detail)")
      }
      session.console.note("the data are in \(writeCsv): canary calibrate --csv \(writeCsv)")
    }
    let bench = CalibrationBench(document.policy, recordings: recordings, runs: runs)
    if let refusal = source.refusal(bench, document, notes: notes) { throw refusal }
    let report = await CalibrationRun.report(bench, named: document.policy.service, in: session.context)
    return CalibrationResult(policy: document.policy, path: document.shownPath, report: report, notes: notes)
  }
}

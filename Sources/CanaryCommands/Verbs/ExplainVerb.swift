internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore
internal import RolloutEngine

struct ExplainVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "Say why a rollout waits, halted or ended; or what a code means.",
    discussion: """
      Names the condition, its values, what is still missing, until when, and the command that changes it. A code \
      such as CNY0301 is explained from the catalogue, without any rollout.
      """)

  @Argument(help: ArgumentHelp("A rollout, a service, or a code.", valueName: "id|code"))
  var subject: String?

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    if let subject, subject.count > 3, subject.prefix(3).uppercased() == "CNY" {
      return try explain(code: subject.uppercased(), session)
    }
    let (summary, store) = try await session.selected(subject, .any)
    let (state, events) = try await session.load(summary.id, from: store)
    let driver = try await session.shownDriver(of: state, in: store)
    let now = context.now()
    session.answer(
      text: ExplainRenderer.text(
        rollout: state, events: events, driver: driver, now: now, palette: session.palette),
      rendered: ExplainRenderer.json(rollout: state, events: events, driver: driver, now: now))
    return .succeeded
  }

  private func explain(code: String, _ session: Session) throws(CommandFailure) -> ExitStatus {
    if let entry = PlanProblemCatalogue.entry(for: code) {
      session.answer(
        text: "\(entry.code): \(entry.title)\n\n\(entry.text)\n\nWhat to do: \(entry.remedy)\n",
        json: .object([
          ("code", .string(entry.code)), ("title", .string(entry.title)), ("text", .string(entry.text)),
          ("remedy", .string(entry.remedy)),
        ]))
      return .succeeded
    }
    if let known = DiagnosticCode(parsing: code) {
      let words = known.explanation
      session.answer(
        text: words.rendered(code: known),
        json: .object([
          ("code", .string(known.rawValue)), ("title", .string(words.title)), ("text", .string(words.text)),
          ("wrong", .text(words.wrong.isEmpty ? nil : words.wrong)),
          ("right", .text(words.right.isEmpty ? nil : words.right)),
        ]))
      return .succeeded
    }
    let all = DiagnosticCode.allCases.map(\.rawValue) + PlanProblemCode.allCases.map(\.rawValue)
    let near = NearestName.find(code, among: all).map { ["did you mean `\($0)`?"] } ?? []
    throw CommandFailure(.usage, "no code `\(DisplayText.clean(code))`", next: near)
  }
}

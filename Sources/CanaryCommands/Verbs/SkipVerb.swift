internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore
internal import RolloutEngine

struct SkipVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "skip", abstract: "Leave one host out of a rollout that is under way.",
    discussion: """
      The host stays as it is now and is left to you: its place under `max_unavailable` is free again, whether it \
      serves or not.
      """)

  @Argument(help: ArgumentHelp("The host to leave out.", valueName: "host"))
  var host: String

  @Argument(help: ArgumentHelp("A rollout, or a service. Default: the only open one.", valueName: "id"))
  var rollout: String?

  @Option(help: ArgumentHelp("Why; recorded with the host.", valueName: "text"))
  var reason: String

  @OptionGroup var driving: DrivingOptions
  @OptionGroup var common: CommonOptions

  func validate() throws { try Reason.require(reason) }

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let session = Session(context, common)
    let (summary, store) = try await session.selected(rollout, .open)
    let hosts = try await session.load(summary.id, from: store).rollout.plan.hosts.map(\.instance.id.text)
    guard hosts.contains(host) else {
      let near = NearestName.find(host, among: hosts).map { ["did you mean `\($0)`?"] } ?? []
      throw CommandFailure(
        .refused, "no host `\(DisplayText.clean(host))` in \(summary.id)",
        next: near + ["canary status \(summary.id)  lists them"])
    }
    var order = OperatorDesk.Order(verb: .skip(HostID(host)), reason: reason, done: "skipping \(host)")
    driving.apply(to: &order)
    return try await OperatorDesk(session: session, store: store).carryOut(order, on: summary)
  }
}

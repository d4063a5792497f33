internal import ArgumentParser

struct DemoVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Roll a good and a slow release of a small service on this machine.",
    discussion: """
      Starts three instances of a small HTTP service, each behind an sshd of its own on loopback (or without ssh where \
      openssh-server is missing), sends them customers, rolls a good release and one whose slowest answers got slower \
      while every probe stays green, and leaves nothing running. Takes about three minutes. Needs python3.
      """)

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let failure = DemoScript.become()
    throw CommandFailure.broken(failure)
  }
}

internal import ArgumentParser

/// Searches for mistakes in the machine and the engine; see docs/SIMULATION.md.
@main
struct Simulator: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulator", abstract: "Search for mistakes.",
    subcommands: [ExploreCommand.self, SeedsCommand.self, TeethCommand.self])
}

internal import ArgumentParser
internal import PolicyFile

struct SchemaVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema (draft-07) of policy files, for editors.")

  @Flag(help: "The schema of files that policies include, instead.")
  var checks = false

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let schema = checks ? SchemaPrinter.checkSetSchema() : SchemaPrinter.jsonSchema()
    context.console.put(schema.hasSuffix("\n") ? schema : schema + "\n")
    return .succeeded
  }
}

internal import ArgumentParser
internal import PolicyFile

struct SchemaVerb: Verb {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema (draft-07) of policy files, for editors.")

  @OptionGroup var common: CommonOptions

  func answer(in context: CommandContext) async throws(CommandFailure) -> ExitStatus {
    let schema = SchemaPrinter.jsonSchema()
    context.console.put(schema.hasSuffix("\n") ? schema : schema + "\n")
    return .succeeded
  }
}

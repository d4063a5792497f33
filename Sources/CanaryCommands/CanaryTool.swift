internal import ArgumentParser

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#endif

/// The command line tool: words in, an exit status out.
public enum CanaryTool {
  /// Runs one command with this process's surroundings and gives its exit status.
  public static func run(_ arguments: [String]) async -> Int32 {
    await run(arguments, in: .process())
  }

  static func run(_ arguments: [String], in context: CommandContext) async -> Int32 {
    let status = await answer(arguments, in: context)
    await context.composition.closeTransports()
    return status
  }

  private static func answer(_ arguments: [String], in context: CommandContext) async -> Int32 {
    let console = context.console
    do {
      let command = try CanaryCommand.parseAsRoot(try VerbNames.resolve(arguments))
      guard let verb = command as? any Verb else {
        var other = command
        try other.run()
        return 0
      }
      return try await verb.answer(in: context).rawValue
    } catch let failure as CommandFailure {
      console.put(failure.text, on: .notes)
      return failure.status.rawValue
    } catch {
      return report(error, on: console)
    }
  }

  /// Help and completion scripts are answers; everything else the parser says is about usage.
  private static func report(_ error: any Error, on console: Console) -> Int32 {
    let status = CanaryCommand.exitCode(for: error).rawValue
    let message = CanaryCommand.fullMessage(for: error)
    if status == 0 {
      console.answer(message)
      return 0
    }
    console.note(message)
    return status == ExitCode.validationFailure.rawValue ? ExitStatus.usage.rawValue : status
  }
}

extension CommandContext {
  /// The surroundings of this process.
  static func process() -> CommandContext {
    var variables: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let text = String(cString: entry)
      if let equals = text.firstIndex(of: "=") {
        variables[String(text[..<equals])] = String(text[text.index(after: equals)...])
      }
      next += 1
    }
    var buffer = [CChar](repeating: 0, count: 4096)
    let directory = getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "/"
    return CommandContext(
      environment: variables, directory: directory, console: .standard, composition: .live,
      operatorName: Operator.name(variables), takesSignals: true)
  }
}

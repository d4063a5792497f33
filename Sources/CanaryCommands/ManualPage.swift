internal import ArgumentParser
internal import FoundationEssentials

/// A manual page in man(7) macros, made from what the commands say of themselves.
struct ManualPage {
  private let command: Command
  private let parent: String?

  /// Nil when there is no such verb.
  init?(verb: String?) {
    let dump = Data(CanaryCommand._dumpHelp().utf8)
    guard let root = try? JSONDecoder().decode(Dump.self, from: dump).command else { return nil }
    guard let verb else {
      (command, parent) = (root, nil)
      return
    }
    let name = VerbNames.aliases[verb] ?? verb
    guard let found = root.subcommands?.first(where: { $0.commandName == name }) else { return nil }
    (command, parent) = (found, root.commandName)
  }

  private struct Dump: Decodable { var command: Command }

  private struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool
    var subcommands: [Command]?
    var arguments: [Argument]?
  }

  private struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var discussion: String?
    var defaultValue: String?
    var isOptional: Bool
    var isRepeating: Bool
    var shouldDisplay: Bool
  }

  var roff: String {
    let name = [parent, command.commandName].compactMap { $0 }.joined(separator: "-")
    var text = ".TH \(Self.escape(name.uppercased())) 1 \"\" \"canary \(CanaryCommand.version)\"\n"
    text += ".SH NAME\n\(Self.escape(name)) \\- \(Self.escape(command.abstract ?? ""))\n"
    text += ".SH SYNOPSIS\n\(synopsis)\n"
    if let discussion = command.discussion, !discussion.isEmpty {
      text += ".SH DESCRIPTION\n\(Self.paragraphs(discussion))"
    }
    let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
    if !arguments.isEmpty {
      text += ".SH OPTIONS\n" + arguments.map(entry).joined()
    }
    let verbs = (command.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
    if !verbs.isEmpty {
      text += ".SH VERBS\n"
      for verb in verbs {
        text += ".TP\n.B \(Self.escape(verb.commandName))\n\(Self.escape(verb.abstract ?? ""))\n"
      }
    }
    let also = parent == nil ? verbs.map { "canary-\($0.commandName)" } : ["canary"]
    return text + ".SH SEE ALSO\n" + also.map { ".BR \(Self.escape($0)) (1)" }.joined(separator: ",\n") + "\n"
  }

  private var synopsis: String {
    let call = [parent, command.commandName].compactMap { $0 }.joined(separator: " ")
    let words = (command.arguments ?? []).filter(\.shouldDisplay).map { argument in
      let bare = label(argument)
      return argument.isOptional ? "[\(bare)]" : bare
    }
    let verb = command.subcommands?.isEmpty == false ? ["\\fIverb\\fR"] : []
    return "\\fB\(Self.escape(call))\\fR " + (words + verb).joined(separator: " ")
  }

  private func label(_ argument: Argument) -> String {
    let names = (argument.names ?? []).map {
      "\\fB\(Self.escape($0.kind == "long" ? "--\($0.name)" : "-\($0.name)"))\\fR"
    }
    let value = "\\fI\(Self.escape(argument.valueName ?? "value"))\\fR" + (argument.isRepeating ? " ..." : "")
    if argument.kind == "positional" { return value }
    return names.joined(separator: ", ") + (argument.kind == "option" ? " \(value)" : "")
  }

  private func entry(_ argument: Argument) -> String {
    let words = [argument.abstract, argument.discussion].compactMap { $0 }.filter { !$0.isEmpty }
    let value = argument.defaultValue.flatMap { $0.isEmpty ? nil : " Default: \($0)." } ?? ""
    return ".TP\n\(label(argument))\n\(Self.escape(words.joined(separator: " ") + value))\n"
  }

  private static func paragraphs(_ text: String) -> String {
    text.split(separator: "\n").map { ".PP\n\(escape(String($0)))\n" }.joined()
  }

  /// Backslashes and dashes mean something to roff, as do a dot and an apostrophe at the start of a line.
  private static func escape(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "\n": result += " "
      default: result.append(character)
      }
    }
    return result.hasPrefix(".") || result.hasPrefix("'") ? "\\&" + result : result
  }
}

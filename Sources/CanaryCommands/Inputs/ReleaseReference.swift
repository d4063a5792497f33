internal import ArgumentParser
internal import PolicyFile
internal import RolloutCore

/// `service@version`, as people name a release.
struct ReleaseReference: ExpressibleByArgument, Hashable, Sendable {
  var service: String
  var version: Version

  init?(argument: String) {
    guard let at = argument.firstIndex(of: "@") else { return nil }
    let (service, version) = (String(argument[..<at]), String(argument[argument.index(after: at)...]))
    guard ServiceGrammar.accepts(service), VersionGrammar.accepts(version) else { return nil }
    self.service = service
    self.version = Version(version)
  }

  var text: String { "\(service)@\(version)" }
}

struct VersionArgument: ExpressibleByArgument, Hashable, Sendable {
  var version: Version

  init?(argument: String) {
    guard VersionGrammar.accepts(argument) else { return nil }
    version = Version(argument)
  }
}

/// A length of time as policies write it.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
  var span: TimeSpan

  init?(argument: String) {
    guard let span = DurationText.parse(argument) else { return nil }
    self.span = span
  }
}

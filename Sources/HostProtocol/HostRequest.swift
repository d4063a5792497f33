public import RolloutCore

/// One request as it goes to the standard input of the host's script.
///
/// Lines `request <verb>`, `<name> <value>`…, `end`. For a `stage` the artifact's bytes follow and then the end of the
/// input, so a stage takes a process (an ssh session) of its own; other requests may follow each other.
public struct HostRequest: Hashable, Sendable {
  public let bytes: [UInt8]
  /// How the host's answer to this request ends: the step and the fence asked about. Nil where it asks about no step.
  let mark: String?

  private init(verb: String, _ fields: [(name: String, value: String)], mark: String? = nil) throws(InvalidRequest) {
    self.mark = mark
    var text = "request \(verb)\n"
    for (name, value) in fields {
      guard !value.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\n") }) else {
        throw InvalidRequest(field: name, value: value)
      }
      text += "\(name) \(value)\n"
    }
    bytes = Array((text + "end\n").utf8)
  }

  /// A mutating command. `artifactSize` is the size in bytes of what will follow a stage; other verbs ignore it.
  public static func perform(_ command: HostCommand, artifactSize: Int64 = 0) throws(InvalidRequest) -> Self {
    var fields: [(name: String, value: String)] = [
      ("service", command.service), ("directory", command.directory),
      ("rollout", command.key.rollout.text), ("host", command.key.host.text), ("step", command.key.step.rawValue),
      ("attempt", String(command.key.attempt)),
      ("epoch", String(command.fence.epoch)), ("fence_step", String(command.fence.step)),
    ]
    let mark = Self.mark(command.key, command.fence)
    switch command.action {
    case .stage(let staging):
      fields += [
        ("version", staging.version.text), ("digest", staging.digest.text), ("size", String(artifactSize)),
        ("keep", String(staging.keep)),
      ]
      fields += staging.sharedDirectories.map { ("shared_dir", $0) }
      fields += staging.sharedFiles.map { ("shared_file", $0) }
      fields += staging.protect.map { ("protect", $0.text) }
      return try Self(verb: "stage", fields, mark: mark)
    case .activate(let activation):
      fields += [("version", activation.version.text), ("timeout_ms", String(activation.timeout.milliseconds))]
      fields += activation.restart.map { ("arg", $0) }
      return try Self(verb: "activate", fields, mark: mark)
    case .run(let argv, let timeout):
      fields.append(("timeout_ms", String(timeout.milliseconds)))
      fields += argv.map { ("arg", $0) }
      return try Self(verb: "run", fields, mark: mark)
    }
  }

  private static func mark(_ key: StepKey, _ fence: Fence?) -> String {
    "\(key) " + (fence.map { "\($0.epoch).\($0.step)" } ?? ".")
  }

  /// Asks about the host and, with `step`, about that step. A step that is running is waited for up to `wait`, in whole
  /// seconds rounded up. Changes nothing on the host, but with `fence`, the asker's, an answer that the step was not
  /// done or not finished lasts: the host refuses requests with a lower fence from then on.
  public static func inspect(
    service: String, directory: String, step: StepKey? = nil, fence: Fence? = nil, wait: TimeSpan = .zero
  ) throws(InvalidRequest) -> Self {
    var fields: [(name: String, value: String)] = [("service", service), ("directory", directory)]
    if let step {
      fields += [
        ("rollout", step.rollout.text), ("host", step.host.text), ("step", step.step.rawValue),
        ("attempt", String(step.attempt)), ("wait", String(wait.wholeSecondsRoundedUp)),
      ]
      if let fence { fields += [("epoch", String(fence.epoch)), ("fence_step", String(fence.step))] }
    }
    return try Self(verb: "inspect", fields, mark: step.map { mark($0, fence) })
  }

  /// Runs a read-only command. It starts in `current` of `directory` where there is one, else in `/`.
  public static func check(_ argv: [String], timeout: TimeSpan, directory: String? = nil) throws(InvalidRequest)
    -> Self
  {
    var fields: [(name: String, value: String)] = []
    if let directory { fields.append(("directory", directory)) }
    fields.append(("timeout_ms", String(timeout.milliseconds)))
    fields += argv.map { ("arg", $0) }
    return try Self(verb: "check", fields)
  }
}

/// A value that has a line break or a NUL byte in it and so cannot be sent to a host.
public struct InvalidRequest: Error, Hashable, Sendable, CustomStringConvertible {
  public var field: String
  public var value: String
  public var description: String {
    "\(field) contains a line break or a NUL byte, which cannot be sent to a host: \(value.debugDescription)"
  }
}

extension TimeSpan {
  var wholeSecondsRoundedUp: Int64 { milliseconds <= 0 ? 0 : (milliseconds - 1) / 1000 + 1 }
}

internal import HostProtocol
internal import RolloutCore

/// Commands of any values, as they go to a host: the script reads back what was meant, or nothing is sent.
enum RequestOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    var choices = Choices(input.prefix(8))
    let words = input.dropFirst(8).split(separator: 0xFF, maxSplits: 40, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    var next = 0
    func word() -> String {
      next += 1
      return next <= words.count ? words[next - 1] : ""
    }
    let key = StepKey(
      rollout: RolloutID(word()), host: HostID(word()), step: choices.pick(StepKind.allCases) ?? .stage,
      attempt: choices.below(100))
    let fence = Fence(epoch: Int64(choices.byte()), step: Int64(choices.byte()))
    let (service, directory) = (word(), word())
    let action: HostCommand.Action
    var fields = [
      "service \(service)", "directory \(directory)", "rollout \(key.rollout)", "host \(key.host)",
      "step \(key.step.rawValue)", "attempt \(key.attempt)", "epoch \(fence.epoch)", "fence_step \(fence.step)",
    ]
    switch choices.below(3) {
    case 0:
      let rest = words.dropFirst(next)
      action = .run(argv: Array(rest), timeout: .seconds(3))
      fields = ["request run"] + fields + ["timeout_ms 3000"] + rest.map { "arg \($0)" }
    case 1:
      let version = word()
      let rest = words.dropFirst(next)
      action = .activate(.init(version: Version(version), restart: Array(rest), timeout: .seconds(2)))
      fields =
        ["request activate"] + fields + ["version \(version)", "timeout_ms 2000"] + rest.map { "arg \($0)" }
    default:
      let (version, digest) = (word(), word())
      let rest = Array(words.dropFirst(next))
      action = .stage(
        .init(
          version: Version(version), digest: Digest(digest), artifact: "/a.tar.gz", sharedDirectories: rest,
          sharedFiles: rest, keep: 3, protect: rest.map { Version($0) }))
      fields =
        ["request stage"] + fields + ["version \(version)", "digest \(digest)", "size 7", "keep 3"]
        + rest.map { "shared_dir \($0)" } + rest.map { "shared_file \($0)" } + rest.map { "protect \($0)" }
    }
    let command = HostCommand(key: key, fence: fence, service: service, directory: directory, action: action)
    let isSendable = !fields.contains { $0.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "\n") } }
    guard let request = try? HostRequest.perform(command, artifactSize: 7) else {
      return try require(!isSendable, "a command of plain values is refused")
    }
    try require(isSendable, "a value with a line break is sent")
    // As the script's `read` cuts it.
    let read = request.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    try require(read == fields + ["end", ""], "the host reads another request than was meant")
  }
}

internal import PolicyFile
internal import RolloutCore

/// A list of hosts, as a file or a command gives it.
enum HostsOracle {
  @Sendable static func check(_ input: [UInt8]) throws(Violation) {
    let parse = HostsFile.parse(input, path: "hosts.txt")
    try require(
      (parse.instances == nil) == parse.diagnostics.contains { $0.severity == .error },
      "hosts beside errors, or neither")
    for diagnostic in parse.diagnostics { try Spans.check(diagnostic, in: input) }
    guard let instances = parse.instances else { return }
    try require(!instances.isEmpty, "no host, and no error")
    try require(Set(instances.map(\.id)).count == instances.count, "two hosts of one name")
    let printed = instances.map(line).joined(separator: "\n")
    let again = HostsFile.parse(Array(printed.utf8), path: "printed.txt")
    try require(
      again.instances == instances || printed.utf8.count > 200_000
        || printed.split(separator: "\n").contains { $0.utf8.count > 8192 },
      "other hosts from the same values: \(again.diagnostics.first.map(DiagnosticRenderer.renderLine) ?? "")")
  }

  private static func line(_ instance: Instance) -> String {
    var words = [instance.id.text, "address=\(instance.address)"]
    if let zone = instance.zone { words.append("zone=\(zone)") }
    if let port = instance.sshPort { words.append("ssh_port=\(port)") }
    if let directory = instance.directory { words.append("directory=\(directory)") }
    return (words + instance.labels.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
  }
}

internal import RolloutCore

extension PolicySchema {
  static let instance = ObjectSchema(
    name: "an instance",
    fields: [
      Field(
        "host", .text(.host), required: true, example: "web1.example.net",
        "Name of the instance in every report and, without `address`, what is connected to."),
      Field(
        "address", .text(.address), default: nil, example: "192.0.2.11",
        "What ssh and probes connect to where it is not the name."),
      Field("zone", .text(.word), example: "a", "Failure domain. No wave takes more than one zone below its floor."),
      Field("ssh_port", .integer(1...65535), example: "22", "SSH port where it differs from ssh's own configuration."),
      Field("directory", .text(.directory), example: "/srv/checkout-2", "`release.directory` of this instance alone."),
      Field(
        "labels", .dictionary(key: .labelName, value: .text(.word)), example: "{port: 8081}",
        "Words of your own, for `{name}` in the addresses of probes and checks."),
    ])

  static let instanceSource = ObjectSchema(
    name: "a source of instances",
    fields: [
      Field(
        "file", .text(.path), example: "hosts.txt",
        "A text file with one host a line, relative to the policy: `web1.example.net zone=a port=8081`."),
      Field(
        "command", .command, example: "[./inventory, checkout]",
        "A program that prints such lines, run without a shell in the policy's directory."),
    ],
    alternatives: [["file"], ["command"]])

  static let transport = ObjectSchema(
    name: "a transport",
    fields: [
      Field("ssh", .object(ssh), example: "{user: deploy}", "The system's OpenSSH client, with its own configuration."),
      Field(
        "local", .object(ObjectSchema(name: "`{}`", fields: [])), example: "{}",
        "Every instance is a directory on this machine. Give each its own `directory`."),
    ],
    alternatives: [["ssh"], ["local"]])

  static let ssh = ObjectSchema(
    name: "ssh settings",
    fields: [
      Field("user", .text(.user), example: "deploy", "User on the hosts; without it what ssh's configuration says."),
      Field("port", .integer(1...65535), example: "22", "Port; without it what ssh's configuration says."),
      Field(
        "config", .text(.path), example: "ssh_config",
        "A configuration file for ssh instead of the user's own, relative to the policy."),
      Field("identity", .text(.path), example: "keys/deploy", "A private key, relative to the policy."),
      Field(
        "known_hosts", .text(.path), example: "known_hosts",
        "Known host keys, relative to the policy. Keys are always checked."),
      Field(
        "connect_timeout", .duration(minimum: .milliseconds(100)), default: "10s", example: "10s",
        "How long a connection may take."),
    ])

  static let release = ObjectSchema(
    name: "a release",
    fields: [
      Field(
        "artifact", .text(.versionedPath), required: true, example: "\"dist/checkout-{version}.tar.gz\"",
        "The `.tar.gz` to roll out, relative to the policy; `{version}` is the version that is started."),
      Field(
        "sha256", .text(.versionedPath), example: "\"dist/checkout-{version}.tar.gz.sha256\"",
        "A file with the artifact's digest as `sha256sum` prints it. Without it the digest is taken at the start."),
      Field(
        "directory", .text(.directory), required: true, example: "/srv/checkout",
        "Where the releases are on a host: `releases/<version>`, `shared`, and `current`, the link that is flipped."),
      Field("shared", .object(shared), example: "{dirs: [log], files: [.env]}", "What all releases of a host share."),
      Field(
        "restart", .command, example: "[systemctl, restart, checkout]",
        "The program that makes the new release run, in its directory, after `current` was flipped."),
      Field(
        "restart_timeout", .duration(minimum: .seconds(1)), default: "1m", example: "1m",
        "How long `restart` may take."),
      Field(
        "drain", .command, example: "[/usr/local/bin/lb, out]",
        "Run before activation, to take the instance out of its load balancer."),
      Field("undrain", .command, example: "[/usr/local/bin/lb, in]", "Run when the instance is healthy again."),
      Field(
        "hook_timeout", .duration(minimum: .seconds(1)), default: "1m", example: "1m",
        "How long `drain` and `undrain` may take."),
      Field(
        "keep", .integer(1...1000), default: "5", example: "5",
        "Releases kept on a host. The current one and the way back are kept in any case."),
    ])

  static let shared = ObjectSchema(
    name: "shared paths",
    fields: [
      Field("dirs", .list(of: .text(.sharedPath), minimum: 0), default: "[]", example: "[log]", "Directories."),
      Field("files", .list(of: .text(.sharedPath), minimum: 0), default: "[]", example: "[.env]", "Files."),
    ])

  static let canary = ObjectSchema(
    name: "a canary",
    fields: [
      Field("count", .integer(1...10_000), example: "1", "Number of instances."),
      Field(
        "percent", .percentage(maximum: 100, zero: false), example: "10%", "Share of the instances, rounded up."),
      Field("hosts", .list(of: .text(.host), minimum: 1), example: "[web1.example.net]", "These instances."),
    ],
    alternatives: [["count"], ["percent"], ["hosts"]])

  static let burnIn = ObjectSchema(
    name: "a burn-in",
    fields: [
      Field("min", .duration(minimum: .zero), default: "10m", example: "10m", "No verdict of pass before this."),
      Field(
        "max", .duration(minimum: .seconds(1)), default: "1h", example: "1h", "No waiting for a verdict after this."),
      Field(
        "until", .object(until), example: "{requests: 2000}", "Traffic that the canary must have seen before a pass."),
    ])

  static let until = ObjectSchema(
    name: "an amount of traffic",
    fields: [
      Field(
        "requests", .integer(1...1_000_000_000), required: true, example: "2000",
        "Requests that the canary must have served, counted by the `total` of a check.")
    ])
}

extension TimeSpan {
  static func milliseconds(_ n: Int64) -> Self { Self(milliseconds: n) }
}

import Foundation
import HostProtocol
import RolloutCore
import Testing

@Suite struct BootstrapTests {
  private func boot(
    _ login: [String], home: String, temporary: String = "/tmp", digest: RolloutCore.Digest = HostScript.digest,
    upload: [UInt8] = HostScript.upload
  ) throws -> (answers: [HostStream.Item], output: String) {
    let variables = ["HOME": home, "TMPDIR": temporary, "PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""]
    let child = try Child(login + [HostScript.bootstrapCommand(digest: digest)], environment: variables)
    try child.read(until: "canary-bootstrap")
    let inspect = try HostRequest.inspect(service: "checkout", directory: home + "/srv").bytes
    child.feed((String(decoding: child.received, as: UTF8.self).contains("absent") ? upload : []) + inspect)
    let output = try child.finish().output
    var stream = HostStream()
    return (try stream.append(output), String(decoding: output, as: UTF8.self))
  }

  private func withHome(_ body: (String) throws -> Void) throws {
    let home = "/tmp/canary-test-home-" + UUID().uuidString.prefix(8)
    try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: home) }
    try body(home)
  }

  private func stored(_ home: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: home + "/.canary").sorted()) ?? []
  }

  static let logins = [
    ["sh", "-c"], ["bash", "-c"], ["busybox", "sh", "-c"], ["zsh", "-c"], ["csh", "-c"], ["tcsh", "-c"],
    ["fish", "-c"],
    ["ksh", "-c"],
  ].filter { isInstalled($0[0]) }

  @Test(arguments: logins) func storesTheScriptOnceUnderAnyLoginShell(login: [String]) throws {
    try withHome { home in
      let first = try boot(login, home: home)
      #expect(first.answers.count == 3, "\(first.output)")
      #expect(first.answers.first == .bootstrap(.absent))
      #expect(stored(home) == ["host-\(HostScript.digest).sh"])
      let second = try boot(login, home: home)
      #expect(second.answers.first == .bootstrap(.present))
      guard case .response(let response) = try #require(second.answers.last) else {
        Issue.record("no response: \(second.output)")
        return
      }
      #expect(try response.report().current == nil)
    }
  }

  @Test func refusesAScriptThatIsNotTheOneNamed() throws {
    try withHome { home in
      let other = try boot(["sh", "-c"], home: home, upload: Array("echo hi\ncanary-bootstrap-end\n".utf8))
      #expect(other.output.contains("canary-bootstrap failed the script in"))
      let cut = try boot(["sh", "-c"], home: home, upload: Array(HostScript.source.prefix(900)))
      #expect(cut.output.contains("canary-bootstrap failed the script ended early"))
      #expect(stored(home).isEmpty)
      _ = try boot(["sh", "-c"], home: home)
      let file = home + "/.canary/host-\(HostScript.digest).sh"
      try Data("echo evil\n".utf8).write(to: URL(fileURLWithPath: file))
      let healed = try boot(["sh", "-c"], home: home)
      #expect(healed.answers.first == .bootstrap(.absent) && healed.answers.count == 3)
      let odd = try boot(["sh", "-c"], home: home, digest: "x'; touch /tmp/canary-escape; '")
      #expect(odd.output.contains("canary-bootstrap failed"))
    }
  }

  @Test func fallsBackToATemporaryDirectoryOfItsOwn() throws {
    try withHome { place in
      let first = try boot(["sh", "-c"], home: "/proc/nowhere", temporary: place)
      #expect(first.answers.count == 3, "\(first.output)")
      let own = place + "/.canary-\(getuid())"
      let mode = try FileManager.default.attributesOfItem(atPath: own)[.posixPermissions]
      #expect(mode as? Int == 0o700)
      #expect(try boot(["sh", "-c"], home: "/proc/nowhere", temporary: place).answers.first == .bootstrap(.present))
      let none = try boot(["sh", "-c"], home: "/proc/nowhere", temporary: "/proc/nowhere")
      #expect(none.output.contains("canary-bootstrap failed neither"))
    }
  }

  @Test func theCommandIsOneQuotedLine() {
    let command = HostScript.bootstrapCommand()
    #expect(command.hasPrefix("exec sh -c '") && command.hasSuffix("'"))
    #expect(command.filter { $0 == "'" }.count == 2)
    #expect(!command.contains("!") && !command.contains("\n"))
    #expect(!command.replacing("\\n", with: "").contains("\\"))
    #expect(!String(decoding: HostScript.source, as: UTF8.self).split(separator: "\n").contains("canary-bootstrap-end"))
  }

  @Test(.enabled(if: isInstalled("shellcheck"), "shellcheck is not installed")) func shellcheckIsContent() throws {
    let program = String(HostScript.bootstrapCommand().dropFirst("exec sh -c '".count).dropLast())
    for source in [HostScript.source, Array(("#!/bin/sh\n" + program + "\n").utf8)] {
      let result = try run(["shellcheck", "-s", "sh", "-"], input: source)
      #expect(result.status == 0, "\(String(decoding: result.output, as: UTF8.self))")
    }
  }
}

import Foundation
import HostProtocol
import RolloutCore
import Testing

@Suite struct StagingTests {
  @Test(arguments: HostShell.installed) func refusesAnArtifactThatIsNotAsPlanned(shell: HostShell) throws {
    let host = try TestHost(shell)
    let artifact = try release("2.0")
    var flipped = artifact
    flipped[artifact.count / 2] ^= 1
    let wrong = host.staging("2.0", artifact)
    #expect(try host.perform(wrong, body: flipped).failure?.contains("not \(sha256(artifact)) as planned") == true)
    #expect(
      try host.ask(.perform(wrong, artifactSize: Int64(artifact.count)), body: artifact + [0]).outcome.failure?
        .contains("longer than the \(artifact.count) bytes") == true)
    let short = try host.ask(
      .perform(wrong, artifactSize: Int64(artifact.count)), body: Array(artifact.dropLast(9)))
    #expect(
      short.outcome
        == .notSent(detail: "the upload ended after \(artifact.count - 9) of \(artifact.count) bytes: send it again"))
    #expect(try host.inspect(wrong.key).step == .absent)
    #expect(host.list("releases").isEmpty && host.list(".canary/incoming").isEmpty)
    #expect(try host.perform(wrong, body: artifact) == .succeeded)
  }

  @Test func takesACompleteReleaseAsItIs() throws {
    let host = try TestHost()
    let artifact = try release("2.0")
    #expect(try host.perform(host.staging("2.0", artifact), body: artifact) == .succeeded)
    host.rollout = "r-2"
    let again = try HostRequest.perform(host.staging("2.0", artifact), artifactSize: Int64(artifact.count))
    #expect(try host.ask(again).outcome == .succeeded)
  }

  @Test func replacesAReleaseOfTheSameNameOnlyWhenNothingNeedsIt() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    try host.deploy("2.0")
    let other = try gzip(TarWriter.archive([.file("VERSION", "another 1.0\n")]))
    host.rollout = "r-2"
    let protected = try host.perform(host.staging("1.0", other, protect: ["1.0"]), body: other)
    #expect(protected.failure?.contains("is the rollback target") == true)
    let current = try host.perform(host.staging("2.0", other, attempt: 2), body: other)
    #expect(current.failure?.contains("is current") == true)
    #expect(host.text("releases/1.0/VERSION") == "1.0\n")
    #expect(try host.perform(host.staging("1.0", other, attempt: 3), body: other) == .succeeded)
    #expect(host.text("releases/1.0/VERSION") == "another 1.0\n")
  }

  @Test(arguments: HostShell.installed) func replacesAHalfStagedRelease(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.write("half\n", to: "releases/2.0/bin/serve")
    try host.write("half\n", to: "releases/.staging-2.0.999999/bin/serve")
    try host.write("half\n", to: ".canary/incoming/r-0-stage-1.999999")
    #expect(try host.inspect().releases.isEmpty)
    let early = host.activation("2.0", attempt: 2, restart: ["true"])
    #expect(try host.perform(early).failure?.contains("is not complete") == true)
    #expect(!host.exists("current"))
    let artifact = try release("2.0")
    #expect(try host.perform(host.staging("2.0", artifact), body: artifact) == .succeeded)
    #expect(host.list("releases") == ["2.0"] && host.list(".canary/incoming").isEmpty)
    #expect(host.text("releases/2.0/bin/serve") == "#!/bin/sh\necho 2.0\n")
  }

  @Test func activatesOnlyOverALink() throws {
    let host = try TestHost()
    let artifact = try release("1.0")
    try #require(try host.perform(host.staging("1.0", artifact), body: artifact) == .succeeded)
    try host.write("mine\n", to: "current/file")
    let outcome = try host.perform(host.activation("1.0", restart: ["true"]))
    #expect(outcome.failure?.contains("is not a symbolic link: move it away") == true)
    #expect(host.text("current/file") == "mine\n")
  }

  @Test(arguments: HostShell.installed) func prunesOldReleasesButNoneThatIsNeeded(shell: HostShell) throws {
    let host = try TestHost(shell)
    for version: Version in ["1.0", "2.0", "3.0", "4.0"] { try host.deploy(version, keep: 9) }
    for (age, version) in ["4.0", "3.0", "2.0", "1.0"].enumerated() {
      let manifest = host.directory + "/releases/\(version)/.canary-release"
      let date = Date(timeIntervalSinceNow: -1000 * Double(age + 1))
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: manifest)
    }
    host.rollout = "back"
    try #require(try host.perform(host.activation("2.0", restart: [])) == .succeeded)
    try host.write("not ours\n", to: "releases/hand-made/file")
    let artifact = try release("5.0")
    host.rollout = "r-5"
    let staging = host.staging("5.0", artifact, keep: 2, protect: ["1.0"])
    #expect(try host.perform(staging, body: artifact) == .succeeded)
    #expect(host.list("releases") == ["1.0", "2.0", "4.0", "5.0", "hand-made"])
  }

  @Test func asksForASharedFileThatIsMissing() throws {
    let host = try TestHost()
    let artifact = try release("1.0")
    let outcome = try host.perform(host.staging("1.0", artifact, sharedFiles: [".env"]), body: artifact)
    #expect(outcome.failure?.hasSuffix("/shared/.env is missing on this host: put it there, then try again") == true)
    #expect(host.list("releases").isEmpty)
    let escape = try host.perform(host.staging("1.0", artifact, attempt: 2, sharedFiles: ["../x"]), body: artifact)
    #expect(escape.failure?.contains("shared path ../x") == true)
  }

  @Test func keepsServicesAndInstancesApart() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    var command = host.command(.drain, .run(argv: ["true"], timeout: .seconds(5)))
    command.key.host = "web2"
    #expect(try host.perform(command).failure?.contains("web1 and web2 share the directory") == true)
    command.key.host = "web1"
    command.service = "billing"
    #expect(try host.perform(command).failure?.contains("belongs to the service checkout") == true)
  }

  @Test func stopsOnADamagedFence() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    try host.write("nonsense\n", to: ".canary/fence")
    let outcome = try host.perform(host.command(.drain, .run(argv: ["touch", "ran"], timeout: .seconds(5))))
    #expect(outcome.failure?.contains("fence is damaged") == true)
    #expect(!host.exists("current/ran"))
  }

  @Test func saysWhichToolIsMissing() throws {
    let host = try TestHost()
    host.path = host.root + "/tools"
    try FileManager.default.createDirectory(atPath: host.path, withIntermediateDirectories: true)
    for tool in ["dash", "id", "tr", "head", "od"] {
      try FileManager.default.createSymbolicLink(
        atPath: host.path + "/" + tool, withDestinationPath: isInstalled(tool) ? "/usr/bin/" + tool : "/bin/" + tool)
    }
    let error = #expect(throws: HostAnswerFailure.self) { try host.inspect() }
    #expect(error?.description.contains(" flock ") == true)
    #expect(error?.description.contains("Install coreutils, util-linux") == true)
  }
}

import Foundation
import HostProtocol
import RolloutCore
import Testing

/// One archive that must not get past the host, and a word of the reason given.
struct HostileArchive: Sendable, CustomTestStringConvertible {
  var name: String
  /// The answer holds one of these.
  var reasons: [String]
  var bytes: @Sendable () throws -> [UInt8]
  var testDescription: String { name }

  /// The hostile entries come after a harmless one, so that an early stop would show.
  init(_ name: String, _ reasons: [String], _ entries: [TarWriter.Entry]) {
    self.init(name: name, reasons: reasons) { try gzip(TarWriter.archive([.file("harmless")] + entries)) }
  }

  init(name: String, reasons: [String], bytes: @escaping @Sendable () throws -> [UInt8]) {
    self.name = name
    self.reasons = reasons
    self.bytes = bytes
  }

  static let all: [Self] = names + types + links + containers

  static let names: [Self] = [
    .init("absolute name", ["absolute"], [.file("/tmp/canary-escape")]),
    .init("absolute name with many slashes", ["absolute"], [.file("///tmp/canary-escape")]),
    .init("parent", ["'..'", "a .. in it"], [.file("../escape")]),
    .init("parent in the middle", ["'..'", "a .. in it"], [.file("a/../../escape")]),
    .init("parent that stays inside", ["'..'", "a .. in it"], [.file("a/../inside")]),
    .init("parent at the end", ["'..'", "a .. in it", "tree itself"], [.directory("a/..")]),
    .init("dot-dot alone", ["'..'", "a .. in it", "tree itself"], [.directory("..")]),
    .init("parent after a dot", ["'..'", "a .. in it"], [.file("./../escape")]),
    .init("GNU long name with a parent", ["'..'", "a .. in it"], [.gnuLong("L", "../escape"), .file("short")]),
    .init(
      "pax path with a parent", ["'..'", "a .. in it", "tar cannot"], [.pax("path", "../escape"), .file("short")]),
    .init("pax absolute path", ["absolute", "tar cannot"], [.pax("path", "/tmp/canary-escape"), .file("short")]),
    .init("line break", ["control byte", "no mode", "line break"], [.file("two\nlines")]),
    .init(
      "line break that looks like an entry", ["control byte", "no mode", "line break"],
      [.file("a\n-rw-r--r-- 0/0               2 1970-01-01 00:00 b")]),
    .init("escape sequence", ["control byte"], [.file("clear\u{1b}[2J")]),
    .init("delete byte", ["control byte"], [.file("del\u{7f}")]),
    .init("backslash", ["backslash"], [.file("a\\b")]),
    .init("the name of the manifest", ["reserved"], [.file(".canary-release", "version 2.0\n")]),
    .init("the name of the manifest with a dot", ["reserved"], [.file("./.canary-release", "version 2.0\n")]),
    .init("a manifest that is a directory", ["reserved"], [.directory(".canary-release/")]),
    .init("a name twice", ["twice"], [.file("harmless", "other\n")]),
    .init("a name twice with a dot", ["twice"], [.file("./harmless", "other\n")]),
    .init("a name twice with two slashes", ["twice"], [.file("d/x"), .file("d//x")]),
    .init("the tree itself as a file", ["tree itself", "no file", "twice"], [.link("./", to: "/tmp")]),
  ]

  static let types: [Self] = [
    .init("character device", ["no file"], [.init(name: "null", type: "3")]),
    .init("block device", ["no file"], [.init(name: "disk", type: "4")]),
    .init("pipe", ["no file"], [.init(name: "pipe", type: "6")]),
    .init("setuid file", ["setuid"], [.file("su", mode: 0o4755)]),
    .init("setgid file", ["setuid or setgid"], [.file("sg", mode: 0o2755)]),
    .init("setuid without execute", ["setuid"], [.file("su", mode: 0o4644)]),
    .init("setgid directory", ["setuid or setgid"], [.directory("d/", mode: 0o2755)]),
    .init("hard link inside", ["hard link"], [.hardLink("again", to: "harmless")]),
    .init("hard link to a system file", ["hard link"], [.hardLink("passwd", to: "/etc/passwd")]),
    .init("hard link to a parent", ["hard link"], [.hardLink("up", to: "../../shared/secret")]),
  ]

  static let links: [Self] = [
    .init("absolute link", ["out of the tree"], [.link("etc", to: "/etc")]),
    .init("link to the parent", ["out of the tree"], [.link("up", to: "..")]),
    .init("link to a sibling", ["out of the tree"], [.link("other", to: "../1.0/VERSION")]),
    .init(
      "link in a directory, too far up", ["out of the tree"], [.directory("a/"), .link("a/x", to: "../../shared")]),
    .init("link with dots between", ["out of the tree"], [.link("x", to: "././../y")]),
    .init("link with slashes between", ["out of the tree"], [.link("x", to: "..//..//y")]),
    .init(
      "link that climbs through another", ["out of the tree"],
      [.directory("p/"), .directory("p/q/"), .link("p/q/r", to: "../.."), .link("x", to: "p/q/r/../shared")]),
    .init("entry through a link inside", ["goes through"], [.directory("d/"), .link("l", to: "d"), .file("l/x")]),
    .init("entry through a link outside", ["goes through"], [.link("l", to: "/tmp"), .file("l/canary-escape")]),
    .init("entry through a link, written first", ["goes through"], [.file("l/x"), .link("l", to: "/tmp")]),
    .init("link replaced by a file", ["twice"], [.link("l", to: "/tmp/canary-escape"), .file("l")]),
    .init(
      "directory replaced by a link", ["twice"], [.directory("l/"), .link("l", to: "/tmp"), .file("l/canary-escape")]),
    .init("entry through a file", ["goes through"], [.file("f"), .file("f/x")]),
    .init("GNU long link", ["out of the tree"], [.gnuLong("K", "../../shared/secret"), .link("x", to: "short")]),
    .init(
      "pax link path", ["out of the tree", "tar cannot", "makes no sense"],
      [.pax("linkpath", "/etc"), .link("x", to: "y")]),
  ]

  static let containers: [Self] = [
    .init(name: "no gzip", reasons: ["not a whole gzip file"]) { TarWriter.archive([.file("x")]) },
    .init(name: "text", reasons: ["not a whole gzip file"]) { Array("<html>404</html>\n".utf8) },
    .init(name: "a gzip file cut short", reasons: ["not a whole gzip file"]) {
      Array(try gzip(TarWriter.archive((0..<90).map { .file("f\($0)") })).dropLast(20))
    },
    .init(name: "a gzip file with junk behind", reasons: ["not a whole gzip file", "succeeded"]) {
      try gzip(TarWriter.archive([.file("x")])) + Array("junk".utf8)
    },
    .init(name: "no tar in gzip", reasons: ["tar cannot read", "empty"]) {
      try gzip([UInt8](repeating: 65, count: 2000))
    },
    .init(name: "an empty archive", reasons: ["empty", "tar cannot read"]) { try gzip(TarWriter.archive([])) },
    .init(name: "an entry longer than the archive", reasons: ["tar cannot read"]) {
      try gzip(TarWriter.archive([.init(name: "big", content: [1], claimedSize: 9_000_000)]))
    },
    .init(name: "a bomb", reasons: ["looks like a bomb"]) {
      try run(["sh", "-c", "head -c 150000000 /dev/zero | gzip -9c"]).output
    },
  ]
}

@Suite struct HostileArchiveTests {
  @Test func theCorpusIsLarge() {
    #expect(HostileArchive.all.count >= 50)
    #expect(Set(HostileArchive.all.map(\.name)).count == HostileArchive.all.count)
  }

  /// Each archive is refused, and neither the releases nor anything beside the service's directory changes.
  @Test(arguments: [HostShell.dash, .busybox].filter { HostShell.installed.contains($0) })
  func refusesHostileArchives(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    try host.write("secret\n", to: "shared/secret")
    let before = try host.snapshot()
    for (index, archive) in HostileArchive.all.enumerated() {
      host.rollout = RolloutID("r-\(index)")
      let bytes = try archive.bytes()
      let outcome = try host.perform(host.staging("2.0", bytes), body: bytes)
      if outcome == .succeeded, archive.reasons.contains("succeeded") {
        try FileManager.default.removeItem(atPath: host.directory + "/releases/2.0")
        continue
      }
      let detail = outcome.failure ?? "\(outcome)"
      #expect(archive.reasons.contains { detail.contains($0) }, "\(archive.name): \(detail)")
      #expect(host.list("releases") == ["1.0"], "\(archive.name)")
      #expect(host.list(".canary/incoming").isEmpty, "\(archive.name)")
      #expect(!FileManager.default.fileExists(atPath: "/tmp/canary-escape"), "\(archive.name)")
    }
    #expect(try host.snapshot() == before)
  }

  /// What looks odd and is harmless gets through.
  @Test(arguments: HostShell.installed) func acceptsHarmlessArchives(shell: HostShell) throws {
    let host = try TestHost(shell)
    let long = String(repeating: "long/", count: 30) + "name"
    let entries: [TarWriter.Entry] = [
      .file("a -> b"), .file("x link to y"), .file("with  spaces "), .file("-rf"), .file("...", "dots\n"),
      .file("gr\u{fc}n\u{1f600}"), .directory("d/", mode: 0o1777), .file("implied/parent/x"), .link("self", to: "."),
      .link("d/up", to: ".."), .link("dangling", to: "not/there"),
      .link("l -> m", to: "d/../d".replacing("d/../", with: "")),
      .gnuLong("L", long), .file("short"), .file("ro", mode: 0o444), .directory("closed/", mode: 0o555), .file("$(id)"),
    ]
    let bytes = try gzip(TarWriter.archive(entries))
    #expect(try host.perform(host.staging("2.0", bytes), body: bytes) == .succeeded)
    let release = "releases/2.0/"
    for name in ["a -> b", "x link to y", "with  spaces ", "-rf", "...", "gr\u{fc}n\u{1f600}", long, "$(id)"] {
      #expect(host.exists(release + name), "\(name)")
    }
    let mode = try FileManager.default.attributesOfItem(atPath: host.directory + "/" + release + "implied/parent")
    #expect((mode[.posixPermissions] as? Int).map { $0 & 0o500 } == 0o500)
  }
}

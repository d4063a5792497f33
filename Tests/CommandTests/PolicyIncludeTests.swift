import Glibc
import PolicyFile
import TestKit
import Testing

@testable import CanaryCommands

/// Which files a policy may include, by the real file system.
struct PolicyIncludeTests {
  private static let checks = "checks:\n  - name: load\n    gauge: process_load\n    interval: 15s\n    limit: 8\n"

  private static func policy(including path: String) -> String {
    CommandBench.policy + "\nmetrics: {scrape: \"http://{host}:8080/metrics\"}\nchecks: [{include: \(path)}]\n"
  }

  private static func read(_ path: String, from policy: String) -> Result<IncludedFile, IncludeRefusal> {
    IncludeReader.beside(policy: policy, shownAs: "canary.yaml").read(path)
  }

  @Test func `lint reads what a policy includes and shows the place there`() async throws {
    try await CommandBench.with { bench in
      _ = try bench.directory.directory("policies")
      _ = try bench.directory.directory("policies/checks")
      _ = try bench.directory.file("policies/checks/load.yaml", Self.checks)
      try bench.writePolicy(Self.policy(including: "checks/load.yaml"), to: "policies/shop.yaml")
      let clean = await bench("lint", "policies/shop.yaml", "policies/checks/load.yaml")
      #expect(clean.status == 0, "\(clean)")
      #expect(clean.answers == "ok  policies/shop.yaml\nok  policies/checks/load.yaml (checks to include)\n")
      _ = try bench.directory.file(
        "policies/checks/load.yaml", Self.checks.replacing("interval: 15s", with: "interval: 15"))
      let ended = await bench("lint", "policies/shop.yaml")
      #expect(ended.status == 65)
      #expect(ended.answers.contains("error[CNY0108]"), "\(ended)")
      #expect(ended.answers.contains("--> policies/checks/load.yaml:4:15"), "\(ended)")
      let planned = await bench("plan", "shop@2.0", "--policy", "policies/shop.yaml")
      #expect(planned.status == 65 && planned.notes.contains("policies/checks/load.yaml:4:15"), "\(planned)")
    }
  }

  @Test func `a changed included file is a changed policy`() async throws {
    try await CommandBench.with { bench in
      let digest = { () async -> Substring? in
        let ended = await bench("plan", "shop@2.0", "--output", "json")
        let rest = ended.answers.split(separator: "\"policyDigest\"").dropFirst().first
        return rest?.split(separator: "\"").first { $0.utf8.count == 64 }
      }
      _ = try bench.directory.file("load.yaml", Self.checks)
      try bench.writePolicy(Self.policy(including: "load.yaml"))
      let first = await digest()
      let again = await digest()
      _ = try bench.directory.file("load.yaml", Self.checks + "    muted: true\n")
      let changed = await digest()
      #expect(first != nil && first == again && changed != nil && changed != first)
    }
  }

  @Test func `the repository is where git says`() async throws {
    try await TemporaryDirectory.with { directory in
      _ = try directory.directory("service")
      _ = try directory.file("shared.yaml", Self.checks)
      let policy = directory.path("service/canary.yaml")
      #expect(Self.read("../shared.yaml", from: policy) == .failure(.outside(realPath(directory.path("service")))))
      _ = try directory.file(".git", "gitdir: elsewhere\n")
      #expect(
        Self.read("../shared.yaml", from: policy)
          == .success(IncludedFile(path: "../shared.yaml", bytes: Array(Self.checks.utf8))))
      #expect(Self.read("./x.yaml", from: policy) == .failure(.unreadable("no such file or directory")))
      let above = Self.read("../../" + Paths.name(of: directory.path) + "-not", from: policy)
      #expect(above == .failure(.unreadable("no such file or directory")))
      #expect(Self.read("../../", from: policy) == .failure(.outside(realPath(directory.path))))
    }
  }

  @Test func `links are followed and may not lead out`() async throws {
    try await TemporaryDirectory.with { directory in
      _ = try directory.directory("repository")
      _ = try directory.directory("repository/.git")
      _ = try directory.file("secret", Self.checks)
      _ = try directory.file("repository/load.yaml", Self.checks)
      #expect(symlink("../secret", directory.path("repository/out.yaml")) == 0)
      #expect(symlink("load.yaml", directory.path("repository/in.yaml")) == 0)
      #expect(symlink("..", directory.path("repository/up")) == 0)
      let policy = directory.path("repository/canary.yaml")
      let root = realPath(directory.path("repository"))
      #expect(Self.read("out.yaml", from: policy) == .failure(.outside(root)))
      #expect(Self.read("up/secret", from: policy) == .failure(.outside(root)))
      #expect((try? Self.read("in.yaml", from: policy).get())?.path == "in.yaml")
    }
  }

  @Test func `only regular files are included`() async throws {
    try await TemporaryDirectory.with { directory in
      _ = try directory.directory("checks")
      #expect(mkfifo(directory.path("pipe"), 0o600) == 0)
      let policy = directory.path("canary.yaml")
      // Reading the pipe would wait for ever.
      #expect(Self.read("pipe", from: policy) == .failure(.unreadable("not a regular file")))
      #expect(Self.read("checks", from: policy) == .failure(.unreadable("not a regular file")))
    }
  }

  private func realPath(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return "" }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}

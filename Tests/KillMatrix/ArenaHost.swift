import Foundation
import Glibc

/// One instance as it lies on the disk: what is true there, whatever any journal says.
struct ArenaHost: Sendable {
  let name: String
  /// The service's directory.
  let directory: String

  /// The directory above it, by name.
  var home: String { directory.split(separator: "/").dropLast().last.map(String.init) ?? "" }

  /// The files of a release, by name. The restart command of 3.0 fails, and each waits for the writer of a pipe where
  /// there is one.
  static func files(of version: String) -> [String: String] {
    [
      "release": version + "\n",
      "restart":
        "#!/bin/sh\n[ ! -p run/hold ] || read -r go <run/hold\n"
        + "echo \(version) >>run/restarts\necho \(version) >run/version.new\n"
        + "mv run/version.new run/version\n" + (version == "3.0" ? "exit 1\n" : ""),
      "hook": "#!/bin/sh\nexec echo \"$CANARY_ROLLOUT $CANARY_STEP\" >>run/hooks\n",
    ]
  }

  // MARK: What was done here

  /// Versions whose restart command ran, in order.
  var restarts: [String] { lines("shared/run/restarts") }
  /// Hooks that ran, in order: rollout and step.
  var hooks: [String] { lines("shared/run/hooks") }

  private func lines(_ name: String) -> [String] {
    (text(name) ?? "").split(separator: "\n").map(String.init)
  }

  func text(_ name: String) -> String? { try? String(contentsOfFile: directory + "/" + name, encoding: .utf8) }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory + "/" + name))
  }

  func list(_ name: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/" + name)) ?? []).sorted()
  }

  // MARK: Releases

  /// What `current` names; nil when there is none.
  var currentVersion: String? {
    guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: directory + "/current") else {
      return nil
    }
    return target.split(separator: "/").last.map(String.init)
  }

  /// Why `current` is not one complete release; nil when it is.
  var currentProblem: String? {
    guard let version = currentVersion else { return "no current" }
    guard text("current/.canary-release")?.hasPrefix("version \(version)\n") == true else {
      return "current names \(version), which has no manifest"
    }
    for (name, contents) in Self.files(of: version) where text("current/\(name)") != contents {
      return "current names \(version), whose \(name) is not what was released"
    }
    return nil
  }

  // MARK: Ledger

  struct HeldFence: Comparable {
    var epoch: Int64
    var step: Int64
    static func < (a: Self, b: Self) -> Bool { (a.epoch, a.step) < (b.epoch, b.step) }
  }

  var fence: HeldFence? {
    let words = (text(".canary/fence") ?? "").split(whereSeparator: \.isWhitespace)
    guard words.count >= 2, let epoch = Int64(words[0]), let step = Int64(words[1]) else { return nil }
    return HeldFence(epoch: epoch, step: step)
  }

  /// A step of a rollout that was accepted here, and its outcome if it has one.
  struct Step: Hashable {
    var rollout: String
    /// Step and attempt, such as `activate-1`.
    var name: String
    var outcome: String?
  }

  var steps: [Step] {
    var found: Set<Step> = []
    for rollout in list(".canary/steps") {
      for file in list(".canary/steps/\(rollout)") where file.contains("-") {
        let name = String(file.prefix { $0 != "." })
        let outcome = text(".canary/steps/\(rollout)/\(name).outcome")
        let status = outcome?.split(separator: "\n").first.map(String.init)
        found.insert(Step(rollout: rollout, name: name, outcome: status))
      }
    }
    return found.sorted { ($0.rollout, $0.name) < ($1.rollout, $1.name) }
  }

  /// True when nobody holds the lock.
  var isUnlocked: Bool {
    let descriptor = open(directory + "/.canary/lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return true }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0
  }

  /// What a finished step must not leave behind.
  var leftovers: [String] {
    list("releases").filter { $0.hasPrefix(".") }.map { "releases/" + $0 }
      + list(".canary/incoming").map { "incoming/" + $0 }
  }
}

import Foundation
import RolloutCore
import RolloutEngine
import RolloutStore
import TestKit

/// The invariants of a cell, read from the hosts' own ledgers and the journal.
struct Oracle {
  let arena: Arena
  private let stepsBefore: [[ArenaHost.Step]]
  private let restartsBefore: [[String]]
  private(set) var objections: [String] = []

  /// A record that was changed on the disk before the cell began.
  struct Damage: Sendable {
    var rollout: RolloutID
    var sequence: Int
  }
  let damaged: Damage?

  init(_ arena: Arena, damaged: Damage? = nil) {
    (self.arena, self.damaged) = (arena, damaged)
    stepsBefore = arena.hosts.map(\.steps)
    restartsBefore = arena.hosts.map(\.restarts)
    seen = arena.hosts.map(\.fence)
  }

  private var seen: [ArenaHost.HeldFence?]

  /// What a process said may be long: its end says how it ended.
  mutating func object(_ text: String) {
    objections.append(text.count < 900 ? text : text.prefix(150) + " … " + text.suffix(700))
  }

  mutating func require(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { object(text()) } }

  // MARK: At every moment

  /// What holds whatever has just been killed: G1, G3, G9 and the chains.
  mutating func look(_ when: String) async {
    for (index, host) in arena.hosts.enumerated() {
      if let problem = host.currentProblem { object("G9 \(when): \(host.name): \(problem)") }
      if let before = seen[index], let now = host.fence, now < before {
        object("G3 \(when): \(host.name): the fence fell from \(before) to \(now)")
      }
      seen[index] = host.fence ?? seen[index]
    }
    await readJournal(when)
  }

  private mutating func readJournal(_ when: String) async {
    do {
      let store = try await SQLiteStore.open(at: arena.journal)
      let steps = arena.hosts.map(\.steps)
      var intended: Set<String> = []
      for summary in try await store.summaries(service: nil, openOnly: false, limit: 100) {
        let report = try await store.verify(summary.id)
        if let damaged, damaged.rollout == summary.id {
          requireAsItLay(damaged, report, when)
          continue
        }
        if case .broken(let sequence, let detail) = report {
          object("G13 \(when): record \(sequence) of \(summary.id): \(detail)")
          continue
        }
        intended.formUnion(try intents(of: summary.id, in: try await store.records(of: summary.id, from: 0)))
      }
      for (index, host) in arena.hosts.enumerated() {
        for step in steps[index] where !stepsBefore[index].contains(step) {
          if intended.contains("\(step.rollout) \(host.name) \(step.name)") { continue }
          object("G1 \(when): \(host.name) accepted \(step.rollout) \(step.name), which no journal intended")
        }
      }
      await store.close()
    } catch { object("the journal cannot be read \(when): \(error)") }
  }

  /// Nobody mends or drops what was damaged.
  private mutating func requireAsItLay(_ damaged: Damage, _ report: ChainReport, _ when: String) {
    if case .broken(damaged.sequence, _) = report { return }
    object("G13 \(when): \(damaged.rollout) was damaged at record \(damaged.sequence), and now is \(report)")
  }

  private func intents(of rollout: RolloutID, in records: [JournalRecord]) throws -> [String] {
    let (fold, events) = try RolloutReader.fold(records, rollout)
    return events.compactMap { recorded in
      guard case .stepIntended(let host, let step, let attempt, _, _) = recorded.event else { return nil }
      return "\(rollout) \(fold.plan.hosts[host].instance.id) \(step.rawValue)-\(attempt)"
    }
  }

  // MARK: At the end

  /// What has ended must have left: every host where it should be, and nothing else.
  mutating func conclude(_ end: ExpectedEnd) async {
    let arena = arena
    require(await eventually(within: .seconds(20)) { arena.isQuiet }, "still running: \(arena.left.map(commandLine))")
    await look("at the end")
    for (index, host) in arena.hosts.enumerated() {
      requireRestarts(of: host, index, end)
      let version = end.versions[index]
      let current = host.currentVersion
      require(current == version, "G7: \(host.name) runs \(current ?? "nothing"), not \(version)")
      require(host.isUnlocked, "\(host.name) is locked")
      require(await eventually(within: .seconds(2)) { host.leftovers.isEmpty }, "\(host.name) keeps \(host.leftovers)")
      let hooks = host.hooks.filter { !$0.isEmpty }
      if !end.mayRepeatHooks {
        require(Set(hooks).count == hooks.count, "G2: a hook ran twice on \(host.name): \(hooks)")
      }
    }
    await requireEnded(as: end)
  }

  private mutating func requireRestarts(of host: ArenaHost, _ index: Int, _ end: ExpectedEnd) {
    let restarts = host.restarts
    if let spare = end.spareRestarts?[index] {
      let steps = host.steps.filter { !stepsBefore[index].contains($0) }
      let count = RestartCount(restarts, before: restartsBefore[index], steps: steps, spare: spare)
      if let objection = count.objection(endsWith: end.versions[index]) { object("G2: \(host.name) \(objection)") }
    } else {
      let expected = end.restarts[index]
      require(expected.contains(restarts), "G2: \(host.name) was restarted by \(restarts), not \(expected[0])")
    }
  }

  private mutating func requireEnded(as end: ExpectedEnd) async {
    do {
      let store = try await SQLiteStore.open(at: arena.journal)
      let held = try await store.leaseHolder(of: "shop")
      // That of a process that this machine sees to be dead is free.
      require(held?.holder.isKnownDead ?? true, "the lease is left with pid \(held?.holder.pid ?? 0)")
      let open = try await store.summaries(service: nil, openOnly: true, limit: 10)
      require(open.isEmpty || end.staysOpen, "left open: \(open.map { "\($0.id) \($0.state)" })")
      let all = try await store.summaries(service: nil, openOnly: false, limit: 100)
      if let damaged {
        let aside = all.first { $0.id == damaged.rollout }
        let isAside = aside?.state == "superseded" && aside?.detail.contains("damaged at record") == true
        require(
          isAside, "\(damaged.rollout) was not put aside: \(aside.map { "\($0.state), \($0.detail)" } ?? "no row")")
      }
      let last = all.first
      require(last?.state == end.state, "the last rollout is \(last?.state ?? "none"), not \(end.state)")
      await store.close()
    } catch { object("the journal cannot be read: \(error)") }
  }

  /// What the journal knows of the newest rollout; nil when only the first version is in it.
  static func newest(_ arena: Arena) async throws -> RolloutSummary? {
    guard FileManager.default.fileExists(atPath: arena.journal) else { return nil }
    let store = try await SQLiteStore.open(at: arena.journal)
    let last = try await store.summaries(service: nil, openOnly: false, limit: 1).first
    await store.close()
    return last?.release == "1.0" && last?.kind == "release" ? nil : last
  }

  /// The lease as it was last written, when it is held.
  static func lease(_ arena: Arena) async throws -> LeaseRefusal? {
    let store = try await SQLiteStore.open(at: arena.journal)
    let held = try await store.leaseHolder(of: "shop")
    await store.close()
    return held
  }
}

/// Where a cell must come to.
struct ExpectedEnd: Sendable {
  var versions: [String]
  /// The last rollout's state.
  var state: String
  /// Sequences of restarts that each host may show, the usual one first.
  var restarts: [[[String]]]
  /// A hook whose process was killed with the helper is run again.
  var mayRepeatHooks = false
  /// Set where hosts may go back and forth: instead of a sequence each restart must have a step of its own that the
  /// host accepted, but for so many on each host.
  var spareRestarts: [Int]?
  var staysOpen = false

  static let forward = ExpectedEnd(
    versions: ["2.0", "2.0"], state: "succeeded", restarts: Array(repeating: [["1.0", "2.0"]], count: Arena.count))
  /// Version 3.0 never becomes healthy: the canary is taken back.
  static let wayBack = ExpectedEnd(
    versions: ["1.0", "1.0"], state: "rolled_back", restarts: [[["1.0", "3.0", "1.0"]], [["1.0"]]])
}

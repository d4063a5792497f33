import Foundation
import GRDB
import RolloutCore
import RolloutEngine
import RolloutStore
import Synchronization
import Testing

typealias AnyStore = any RolloutStore

/// A directory of its own for one test, gone with the value.
final class Scratch: Sendable {
  let directory: String

  init() {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("canary-store-\(UUID())").path
  }

  var journal: String { directory + "/state/journal.sqlite" }

  /// A store that is just closing takes its log away meanwhile, which can end a removal half-way.
  deinit {
    for _ in 0..<100 where FileManager.default.fileExists(atPath: directory) {
      try? FileManager.default.removeItem(atPath: directory)
    }
  }
}

/// The two stores, which have the same duties.
enum StoreKind: CaseIterable, CustomTestStringConvertible {
  case sqlite, memory

  var testDescription: String { self == .sqlite ? "SQLiteStore" : "InMemoryStore" }

  func open(in scratch: Scratch) async throws -> AnyStore {
    switch self {
    case .sqlite: try await SQLiteStore.open(at: scratch.journal)
    case .memory: InMemoryStore()
    }
  }
}

// MARK: Samples

func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: 1_700_000_000_000 + seconds * 1000) }

/// A holder on another machine, whose death nobody here can see.
func stranger(_ name: String) -> LeaseHolder {
  LeaseHolder(controller: name, user: "ada", host: "elsewhere", bootID: "another", pid: 77, processStart: 1)
}

func record(_ sequence: Int, payload: String = #"{"a":1}"#, kind: String = "waveStarted") -> JournalRecord {
  JournalRecord(sequence: sequence, at: at(Int64(sequence)), kind: kind, payload: payload)
}

func summary(
  _ rollout: RolloutID = "r1", service: String = "checkout", release: Version = "2.4.1", state: String = "rolling",
  isEnded: Bool = false, provenAt: Timestamp? = nil
) -> RolloutSummary {
  RolloutSummary(
    id: rollout, service: service, release: release, releaseDigest: "d", kind: "release", state: state,
    isEnded: isEnded, detail: "waits for burn-in", startedBy: "ada", startedAt: at(0), endedAt: isEnded ? at(9) : nil,
    provenAt: provenAt)
}

func batch(
  _ sequences: Range<Int>, of summary: RolloutSummary = summary(), answers: [RequestAnswer] = []
) -> JournalBatch {
  JournalBatch(records: sequences.map { record($0) }, summary: summary, answers: answers)
}

extension Leases {
  func mustAcquire(_ service: String = "checkout", by holder: LeaseHolder = stranger("a"), now: Timestamp = at(0))
    async throws -> Lease
  {
    try await acquire(service: service, holder: holder, now: now).get()
  }
}

/// The failure of `body`, or nil when it succeeded.
func failure<T>(of body: () async throws(StoreFailure) -> T) async -> StoreFailure? {
  do throws(StoreFailure) {
    _ = try await body()
    return nil
  } catch { return error }
}

extension StoreFailure {
  var isLeaseLost: Bool { if case .leaseLost = self { true } else { false } }
  var isConflict: Bool { if case .conflict = self { true } else { false } }
  var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
  var isUnusable: Bool { if case .unusable = self { true } else { false } }
  var detail: String {
    switch self {
    case .leaseLost(let detail), .unavailable(let detail), .conflict(let detail), .unusable(let detail),
      .corrupt(_, _, let detail):
      detail
    }
  }
}

/// Changes a journal behind the store's back, past its triggers.
func tamper(_ path: String, _ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
  var configuration = Configuration()
  configuration.foreignKeysEnabled = false
  let queue = try DatabaseQueue(path: path, configuration: configuration)
  try queue.writeWithoutTransaction { db in
    try db.execute(sql: "DROP TRIGGER IF EXISTS event_is_final; DROP TRIGGER IF EXISTS event_is_kept")
    try db.execute(sql: sql, arguments: arguments)
  }
  try queue.close()
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014): the same draw for the same seed.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

// MARK: Other processes

/// `store-probe` as a child: its lines as they come, and a way to kill it.
final class ProbeProcess: Sendable {
  private let process: Process
  private let input = Pipe()
  private let ended: AsyncStream<Int32>
  let lines: AsyncStream<String>

  /// `launcher` is a program, by its path, and its arguments, that is given the probe to run.
  init(_ arguments: String..., launcher: [String] = []) throws {
    let process = Process()
    let output = Pipe()
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let probe = URL(fileURLWithPath: executable).deletingLastPathComponent().appendingPathComponent("store-probe")
    let command = launcher + [probe.path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.standardInput = input
    process.standardOutput = output
    let (ended, end) = AsyncStream.makeStream(of: Int32.self)
    process.terminationHandler = {
      end.yield($0.terminationStatus)
      end.finish()
    }
    let (lines, sink) = AsyncStream.makeStream(of: String.self)
    self.process = process
    self.ended = ended
    self.lines = lines
    try process.run()
    Thread { ProbeProcess.forward(output.fileHandleForReading, to: sink) }.start()
  }

  /// Reading blocks, so it has a thread of its own.
  private static func forward(_ handle: FileHandle, to sink: AsyncStream<String>.Continuation) {
    var rest = Data()
    while true {
      let chunk = handle.availableData
      guard !chunk.isEmpty else { break }
      rest += chunk
      while let newline = rest.firstIndex(of: 10) {
        sink.yield(String(decoding: rest[rest.startIndex..<newline], as: UTF8.self))
        rest = Data(rest[rest.index(after: newline)...])
      }
    }
    sink.finish()
  }

  func kill() { Foundation.kill(process.processIdentifier, SIGKILL) }

  func endInput() { try? input.fileHandleForWriting.close() }

  /// Its exit status, once it has ended and is reaped.
  @discardableResult
  func end() async -> Int32 {
    for await status in ended { return status }
    return process.terminationStatus
  }

  var identifier: Int32 { process.processIdentifier }

  deinit { if process.isRunning { kill() } }
}

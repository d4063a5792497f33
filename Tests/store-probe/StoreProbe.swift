internal import Foundation
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore

/// A second process on a journal. Every line it prints is written at once, so that whoever kills it knows what it had
/// been told before.
@main
struct StoreProbe {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard arguments.count >= 3, let verb = Verb(rawValue: arguments[0]) else {
      say("usage: store-probe append|hold|contend|limited|stubborn|speed FILE SERVICE [NUMBER]")
      exit(64)
    }
    do throws(StoreFailure) {
      let store = try await SQLiteStore.open(at: arguments[1])
      let probe = Probe(store: store, service: arguments[2], number: arguments.count > 3 ? Int(arguments[3]) ?? 0 : 0)
      try await probe.run(verb)
      await store.close()
    } catch {
      say("failure \(error)")
      exit(1)
    }
  }
}

enum Verb: String {
  /// Appends NUMBER records, or until it is killed when that is 0, and prints `ack SEQUENCE` for each.
  case append
  /// Takes the lease, prints `held EPOCH`, and keeps it until its standard input ends.
  case hold
  /// Takes and releases the lease NUMBER times against others, and prints `epoch EPOCH` for each.
  case contend
  /// Appends into a file that may not grow past NUMBER bytes, then with the limit lifted.
  case limited
  /// Appends NUMBER records and offers each again while the store is unavailable, then prints how often that was.
  case stubborn
  /// Appends with NUMBER writers at once and prints appends per second.
  case speed
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

struct Probe {
  let store: SQLiteStore
  let service: String
  let number: Int

  func run(_ verb: Verb) async throws(StoreFailure) {
    switch verb {
    case .append: try await append()
    case .hold: try await hold()
    case .contend: try await contend()
    case .limited: try await limited()
    case .stubborn: try await stubborn()
    case .speed: try await speed()
    }
  }

  private func append() async throws(StoreFailure) {
    let lease = try await lease(of: service)
    var sequence = 0
    while number == 0 || sequence < number {
      try await store.append(batch(sequence, of: service), under: lease)
      say("ack \(sequence)")
      sequence += 1
    }
  }

  private func hold() async throws(StoreFailure) {
    let lease = try await lease(of: service)
    say("held \(lease.epoch)")
    _ = FileHandle.standardInput.readDataToEndOfFile()
  }

  private func contend() async throws(StoreFailure) {
    let holder = LeaseHolder.current(user: "probe")
    var taken = 0
    while taken < number {
      guard case .success(let lease) = try await store.acquire(service: service, holder: holder, now: now()) else {
        await Task.yield()
        continue
      }
      let next = try await store.records(of: RolloutID(service), from: 0).count
      try await store.append(batch(next, of: service), under: lease)
      say("epoch \(lease.epoch)")
      try await store.release(lease)
      taken += 1
    }
  }

  private func limited() async throws(StoreFailure) {
    signal(SIGXFSZ, SIG_IGN)
    let lease = try await lease(of: service)
    try await store.append(batch(0, of: service), under: lease)
    setFileSizeLimit(rlim_t(number))
    var sequence = 1
    do throws(StoreFailure) {
      while true {
        try await store.append(batch(sequence, of: service, size: 20_000), under: lease)
        sequence += 1
      }
    } catch {
      say("refused \(error)")
    }
    say("readable \(try await store.records(of: RolloutID(service), from: 0).count == sequence)")
    setFileSizeLimit(rlim_t.max)
    try await store.append(batch(sequence, of: service), under: lease)
    say("report \(try await store.verify(RolloutID(service))) of \(sequence + 1)")
  }

  private func stubborn() async throws(StoreFailure) {
    let lease = try await lease(of: service)
    var refusals = 0
    for sequence in 0..<number {
      let batch = batch(sequence, of: service)
      while true {
        do throws(StoreFailure) {
          try await store.append(batch, under: lease)
          break
        } catch {
          guard case .unavailable = error, refusals < 1000 else { throw error }
          refusals += 1
        }
      }
    }
    say("refusals \(refusals)")
  }

  private func setFileSizeLimit(_ bytes: rlim_t) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(UInt32(1)), &limit)
    limit.rlim_cur = min(bytes, limit.rlim_max)
    setrlimit(__rlimit_resource_t(UInt32(1)), &limit)
  }

  private func speed() async throws(StoreFailure) {
    let perWriter = max(50, 6400 / max(1, number))
    let start = ContinuousClock.now
    let store = store
    let failures = await withTaskGroup(of: StoreFailure?.self, returning: [StoreFailure].self) { group in
      for writer in 0..<max(1, number) {
        group.addTask {
          do throws(StoreFailure) {
            let name = "\(service)-\(writer)"
            let lease = try await lease(of: name)
            for sequence in 0..<perWriter { try await store.append(batch(sequence, of: name, size: 300), under: lease) }
            return nil
          } catch { return error }
        }
      }
      return await group.reduce(into: []) { if let failure = $1 { $0.append(failure) } }
    }
    if let failure = failures.first { throw failure }
    let elapsed = ContinuousClock.now - start
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
    say("\(number) writers: \(Int(Double(perWriter * max(1, number)) / seconds)) appends/s")
  }

  private func lease(of service: String) async throws(StoreFailure) -> Lease {
    let holder = LeaseHolder.current(user: "probe")
    switch try await store.acquire(service: service, holder: holder, now: now()) {
    case .success(let lease): return lease
    case .failure(let refusal): throw .leaseLost(detail: "held at epoch \(refusal.epoch)")
    }
  }
}

func now() -> Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }

func batch(_ sequence: Int, of service: String, size: Int = 40) -> JournalBatch {
  let record = JournalRecord(
    sequence: sequence, at: now(), kind: "hostUpdated", payload: String(repeating: "x", count: size))
  let summary = RolloutSummary(
    id: RolloutID(service), service: service, release: "1", releaseDigest: "", kind: "release", state: "rolling",
    isEnded: false, detail: "", startedBy: "probe", startedAt: now(), endedAt: nil, provenAt: nil)
  return JournalBatch(records: [record], summary: summary, answers: [])
}

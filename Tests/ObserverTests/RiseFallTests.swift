import CurlClient
import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

@Suite struct RiseFallTests {
  /// The health after each answer, said without counters: the last `rise` answers were good, or the last `fall` bad.
  static func model(_ answers: [Bool], rise: Int, fall: Int) -> [Bool] {
    var reports: [Bool] = []
    for end in answers.indices {
      let upTo = answers[...end]
      if upTo.count >= rise, upTo.suffix(rise).allSatisfy({ $0 }), reports.last != true { reports.append(true) }
      if upTo.count >= fall, upTo.suffix(fall).allSatisfy({ !$0 }), reports.last != false { reports.append(false) }
    }
    return reports
  }

  @Test(arguments: 0..<40) func `reports follow the reference model`(seed: UInt64) async throws {
    var random = SplitMix(seed: seed)
    let answers = (0..<200).map { _ in random.next() % 3 != 0 }
    let (rise, fall) = (Int(random.next() % 4) + 1, Int(random.next() % 4) + 1)
    let transport = ScriptedTransport(good: answers)
    let watch = ProbeWatch(curl: try CurlClient(), transport: transport, clock: JumpingClock())
    let probe = ProbePolicy(name: "up", target: .command(["up"]), interval: .seconds(2), rise: rise, fall: fall)
    let reports = Guarded<[Bool]>([])
    await run(until: transport.exhausted) {
      await watch.watch(Instance(id: "web1"), probes: [probe], expecting: nil) { health in
        reports.with { $0.append(health == .healthy) }
      }
    }
    let found = reports.with { $0 }
    #expect(found == Self.model(answers, rise: rise, fall: fall), "seed \(seed) rise \(rise) fall \(fall)")
    #expect(found.count <= answers.count / min(rise, fall) + 1)
    #expect(transport.script.with { $0.mostUnderWay } == 1)
  }

  @Test func `an instance is healthy when all its probes are`() {
    let probes = ["a", "b"].map { ProbePolicy(name: $0, target: .command([$0]), rise: 2, fall: 1) }
    var health = InstanceHealth(probes)
    #expect(health.record(.good, of: 0) == nil)
    #expect(health.record(.good, of: 0) == nil)
    #expect(health.record(.good, of: 1) == nil)
    #expect(health.record(.good, of: 1) == .healthy)
    #expect(health.record(.good, of: 1) == nil)
    #expect(health.record(.bad(detail: "b is down"), of: 1) == .unhealthy(detail: "b is down"))
    #expect(health.record(.bad(detail: "a is down"), of: 0) == nil)
    #expect(health.record(.good, of: 1) == nil)
    #expect(health.record(.good, of: 1) == nil)
    #expect(health.record(.good, of: 0) == nil)
    #expect(health.record(.good, of: 0) == .healthy)
  }

  @Test func `no probes: healthy, and watched to the end`() async throws {
    let watch = ProbeWatch(curl: try CurlClient(), transport: ScriptedTransport(good: []), clock: JumpingClock())
    let (reported, signal) = AsyncStream<Void>.makeStream()
    await run(until: reported) {
      await watch.watch(Instance(id: "web1"), probes: [], expecting: nil) { health in
        #expect(health == .healthy)
        signal.yield()
      }
    }
  }

  @Test func `a late turn drops the beats it missed and keeps the rhythm`() {
    var beat = Beat(interval: .seconds(2), from: Timestamp(milliseconds: 10_000))
    beat.advance(now: Timestamp(milliseconds: 10_300))
    #expect(beat.next == Timestamp(milliseconds: 12_000))
    beat.advance(now: Timestamp(milliseconds: 19_999))
    #expect(beat.next == Timestamp(milliseconds: 20_000))
    beat.advance(now: Timestamp(milliseconds: 26_000))
    #expect(beat.next == Timestamp(milliseconds: 28_000))
    // Set back by an hour: not silent for an hour.
    beat.advance(now: Timestamp(milliseconds: 28_000 - 3_600_000))
    #expect(beat.next == Timestamp(milliseconds: 30_000 - 3_600_000))
  }

  @Test func `the system clock waits for a moment that has passed not at all, and is cancelled at once`() async throws {
    let clock = SystemClock()
    try await clock.sleep(until: Timestamp(milliseconds: 0))
    let soon = clock.now() + TimeSpan(milliseconds: 20)
    try await clock.sleep(until: soon)
    #expect(clock.now() >= soon)
    let task = Task { try await clock.sleep(until: clock.now() + .minutes(600)) }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
  }
}

struct SplitMix: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = (seed &+ 1) &* 0xD134_2543_DE82_EF95 }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

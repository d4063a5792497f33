internal import RolloutCore
internal import RolloutEngine

/// One process of a controller: its tasks run when it does. It can be stopped for a while (SIGSTOP) and killed at any
/// await. A killed process does nothing to the world any more: its waits end, its calls return at once, and its
/// tasks run out.
final class SimProcess: TaskExecutor, SerialExecutor, @unchecked Sendable {
  let id: Int
  let world: World
  let machine: SimMachine
  private(set) var isAlive = true
  private(set) var isPaused = false
  var held: [UnownedJob] = []
  /// Called when it dies, so that the real controller's loops come to their end.
  var onDeath: (@Sendable () async -> Void)?
  private var waits: [AnyWait] = []
  /// Jobs until it dies of itself.
  private var jobsLeft: Int?
  private var death: (() -> Void)?

  init(id: Int, world: World, machine: SimMachine) {
    self.id = id
    self.world = world
    self.machine = machine
  }

  func enqueue(_ job: consuming ExecutorJob) { world.enqueue(UnownedJob(job), self) }

  // MARK: Life

  func pause() {
    guard isAlive, !isPaused else { return }
    isPaused = true
    world.hold(self)
  }

  func goOn() {
    guard isPaused else { return }
    isPaused = false
    world.goOn(self)
  }

  /// Dies after `jobs` more jobs; then calls `then`.
  func dieAfter(_ jobs: Int, _ then: @escaping () -> Void) {
    guard isAlive else { return }
    if jobs == 0 || isPaused {
      kill()
      then()
    } else {
      jobsLeft = jobs
      death = then
    }
  }

  func hasRunJob() {
    guard let left = jobsLeft else { return }
    jobsLeft = left - 1
    guard left <= 1 else { return }
    jobsLeft = nil
    kill()
    death?()
    death = nil
  }

  func kill() {
    guard isAlive else { return }
    isAlive = false
    jobsLeft = nil
    goOn()
    while let last = waits.last { last.abandon() }
    if let onDeath { _ = world.spawn(on: self, onDeath) }
    onDeath = nil
  }

  // MARK: Waiting

  /// Suspends until `begin`'s wait is finished. Gives `fallback` when the task is cancelled or the process dies.
  func wait<Value: Sendable>(
    or fallback: Value, cancellable: Bool = true, _ begin: (Wait<Value>) -> Void
  ) async -> Value {
    guard isAlive else { return fallback }
    let wait = Wait(self, or: fallback)
    begin(wait)
    guard cancellable else { return await wait.value() }
    return await withTaskCancellationHandler {
      await wait.value()
    } onCancel: {
      wait.abandon()
    }
  }

  /// False when it was cut short.
  func sleep(_ span: Int64) async -> Bool {
    if Task.isCancelled { return false }
    return await wait(or: false) { wait in world.after(span) { wait.finish(true) } }
  }

  fileprivate func add(_ wait: AnyWait) {
    wait.slot = waits.count
    waits.append(wait)
  }

  fileprivate func remove(_ wait: AnyWait) {
    let slot = wait.slot
    guard waits.indices.contains(slot), waits[slot] === wait else { return }
    waits.swapAt(slot, waits.count - 1)
    waits.removeLast()
    if waits.indices.contains(slot) { waits[slot].slot = slot }
  }
}

class AnyWait {
  fileprivate var slot = -1
  func abandon() {}
}

/// One suspended call of a process.
final class Wait<Value: Sendable>: AnyWait, @unchecked Sendable {
  private var continuation: UnsafeContinuation<Value, Never>?
  private var result: Value?
  private var isDone = false
  private let fallback: Value
  private unowned let process: SimProcess

  init(_ process: SimProcess, or fallback: Value) {
    self.process = process
    self.fallback = fallback
    super.init()
    process.add(self)
  }

  var isPending: Bool { !isDone }

  /// The first call counts.
  func finish(_ value: Value) {
    guard !isDone else { return }
    isDone = true
    process.remove(self)
    if let continuation {
      self.continuation = nil
      continuation.resume(returning: value)
    } else {
      result = value
    }
  }

  override func abandon() { finish(fallback) }

  func value() async -> Value {
    if let result { return result }
    return await withUnsafeContinuation { continuation in
      if let result { continuation.resume(returning: result) } else { self.continuation = continuation }
    }
  }
}

/// What the controllers on one machine share: its wall clock and its name.
final class SimMachine {
  let name: String
  /// Wall clock less true time.
  var offset: Int64 = 0

  init(name: String) { self.name = name }
}

/// A machine's wall clock. Waits as the real one does: in naps, so that a clock set forward ends one early enough.
struct SimClock: WallClock {
  let process: SimProcess
  /// Whether any clock of this scenario is ever set; otherwise a wait needs no naps.
  let isEverSet: Bool

  static let epoch: Int64 = 1_800_000_000_000
  private static let longestNap: Int64 = 5_000

  func now() -> Timestamp {
    Timestamp(milliseconds: Self.epoch + process.world.now + process.machine.offset)
  }

  func uptime() -> TimeSpan { TimeSpan(milliseconds: 1_000_000 + process.world.now) }

  func sleep(until deadline: Timestamp) async throws {
    let last = process.world.now + max(0, (deadline - now()).milliseconds) + 1000
    try Task.checkCancellation()
    while process.world.now < last {
      let left = (deadline - now()).milliseconds
      guard left > 0 else { break }
      if await !process.sleep(isEverSet ? min(left, Self.longestNap) : left) { throw CancellationError() }
    }
    if !process.isAlive { throw CancellationError() }
  }
}

internal import Glibc

/// Virtual time and the one thread on which everything happens. Jobs of all processes run one at a time on the calling
/// thread in an order that the seed draws; when none is ready, time jumps to what comes next.
///
/// Unchecked: nothing but that thread touches it, and a job that arrives from another one is noted in `leaks`.
final class World: @unchecked Sendable {
  /// Milliseconds since the begin, which no clock fault changes.
  private(set) var now: Int64 = 0
  var dice: Dice
  /// Everything that happened, in order: two runs of one seed must agree in it.
  private(set) var trace: UInt64 = 0xCBF2_9CE4_8422_2325
  private(set) var jobsRun = 0
  private(set) var eventsRun = 0
  /// Tasks that were begun and have not ended.
  private(set) var liveTasks = 0
  /// Jobs that came from another thread: something escaped the simulation.
  private(set) var leaks = 0
  /// What people may read of it, where that is wanted.
  var log: [LogLine]?

  /// A run that needs more turns in circles.
  var mostJobs = 1_500_000

  private var isDraining = false
  private var agenda = Agenda()
  private var ready: [(job: UnownedJob, process: SimProcess)] = []
  private let thread = pthread_self()

  init(seed: UInt64) { dice = Dice(seed: seed) }

  // MARK: Time

  func after(_ delay: Int64, _ act: @escaping () -> Void) { agenda.add(at: now + max(0, delay), act) }

  /// Runs what is due up to `limit`, until `isOver` says so after an instant.
  func run(until limit: Int64, isOver: () -> Bool) {
    runJobs()
    while let next = agenda.nextTime, next <= limit, jobsRun < mostJobs, !isOver() {
      guard let due = agenda.removeFirst() else { break }
      now = due.time
      eventsRun += 1
      due.act()
      runJobs()
    }
  }

  /// Ends whatever is left of dead processes; nothing else happens any more.
  func drain() {
    agenda.removeAll()
    isDraining = true
    runJobs()
  }

  func note(_ mark: UInt64) { trace = (trace ^ mark) &* 0x0000_0100_0000_01B3 }
  func note(_ text: String) { for byte in text.utf8 { note(UInt64(byte)) } }

  func say(_ who: @autoclosure () -> String, _ what: @autoclosure () -> String) {
    if log != nil { log?.append(LogLine(at: now, who: who(), what: what())) }
  }

  // MARK: Jobs

  func enqueue(_ job: UnownedJob, _ process: SimProcess) {
    if pthread_equal(thread, pthread_self()) == 0 {
      leaks += 1
      return
    }
    if process.isPaused { process.held.append(job) } else { ready.append((job, process)) }
  }

  func goOn(_ process: SimProcess) {
    for job in process.held { ready.append((job, process)) }
    process.held.removeAll()
  }

  /// Takes the jobs of a process that is stopped out of the queue.
  func hold(_ process: SimProcess) {
    for entry in ready where entry.process === process { process.held.append(entry.job) }
    ready.removeAll { $0.process === process }
  }

  func spawn(on process: SimProcess, _ operation: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
    liveTasks += 1
    return Task(executorPreference: process) {
      await operation()
      self.liveTasks -= 1
    }
  }

  private func runJobs() {
    while !ready.isEmpty, jobsRun < mostJobs || isDraining {
      let pick = ready.count == 1 ? 0 : dice.below(ready.count)
      ready.swapAt(pick, ready.count - 1)
      let (job, process) = ready.removeLast()
      jobsRun += 1
      note(UInt64(truncatingIfNeeded: now) << 8 | UInt64(process.id))
      job.runSynchronously(
        isolatedTo: process.asUnownedSerialExecutor(), taskExecutor: process.asUnownedTaskExecutor())
      process.hasRunJob()
    }
  }
}

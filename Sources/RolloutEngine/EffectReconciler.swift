internal import FailPoints
internal import RolloutCore

/// Keeps exactly the outstanding effects running: starts what is new, cancels what is no longer asked for.
/// Owned by one runner and only touched from it.
struct EffectReconciler {
  private let ports: Ports
  private let plan: Plan
  private let lease: Lease
  private let inbox: Inbox<RunnerSignal>
  private var running: [Key: Task<Void, Never>] = [:]
  /// What the running analyst is to watch; changed in place, so that its evidence goes on.
  private var current: CurrentAnalysis?

  /// What makes two effects the same work.
  private enum Key: Hashable {
    case contact(number: Int64)
    case watch(host: Int, expecting: Version?)
    case analyse(number: Int64)
  }

  init(ports: Ports, plan: Plan, lease: Lease, inbox: Inbox<RunnerSignal>) {
    self.ports = ports
    self.plan = plan
    self.lease = lease
    self.inbox = inbox
  }

  mutating func reconcile(_ outstanding: [Effect]) {
    var wanted: [Key: Effect] = [:]
    wanted.reserveCapacity(outstanding.count)
    for effect in outstanding { wanted[key(effect)] = effect }
    for (key, task) in running where wanted[key] == nil {
      task.cancel()
      running[key] = nil
    }
    for effect in outstanding {
      if running[key(effect)] == nil {
        running[key(effect)] = start(effect)
      } else if case .analyse(let analysis) = effect, current?.value != analysis {
        current?.value = analysis
      }
    }
  }

  /// Cancels everything. The caller awaits the tasks: none of them touches anything after that.
  mutating func cancelAll() -> [Task<Void, Never>] {
    let tasks = Array(running.values)
    running = [:]
    for task in tasks { task.cancel() }
    return tasks
  }

  private func key(_ effect: Effect) -> Key {
    switch effect {
    case .perform(_, let number, _), .ask(_, let number, _): .contact(number: number)
    case .watch(let host, let expecting): .watch(host: host, expecting: expecting)
    case .analyse(let analysis): .analyse(number: analysis.number)
    }
  }

  private mutating func start(_ effect: Effect) -> Task<Void, Never> {
    switch effect {
    case .perform(let host, let number, let command): perform(host, number, command)
    case .ask(let host, let number, let step): ask(host, number, step)
    case .watch(let host, let expecting): watch(host, expecting)
    case .analyse(let analysis): analyse(analysis)
    }
  }

  private func perform(_ host: Int, _ number: Int64, _ command: HostCommand) -> Task<Void, Never> {
    let (transport, instance, inbox) = (ports.transport, plan.hosts[host].instance, inbox)
    return ports.spawn {
      let outcome = await transport.perform(command, on: instance)
      FailPoints.reached(.outcomeReceived)
      // A cancelled wait says nothing about the host: the intent stays open and is asked about later.
      if !Task.isCancelled { await inbox.send(.input(.outcome(host: host, number: number, outcome))) }
    }
  }

  private func ask(_ host: Int, _ number: Int64, _ step: StepKey) -> Task<Void, Never> {
    let (transport, instance, inbox) = (ports.transport, plan.hosts[host].instance, inbox)
    let service = plan.policy.service
    let directory = instance.directory ?? plan.policy.release.directory
    // Higher than the fence of every request about this step: a question has a later number.
    let fence = Fence(epoch: lease.epoch, step: number)
    return ports.spawn {
      if planted(.engineAssumesAbsent) {
        return await inbox.send(.input(.answered(host: host, number: number, .absent)))
      }
      let result = await transport.inspect(
        instance, service: service, directory: directory, step: step, fence: fence)
      FailPoints.reached(.answerReceived)
      guard !Task.isCancelled else { return }
      switch result {
      case .success(let report):
        await inbox.send(.input(.answered(host: host, number: number, report.step ?? .absent)))
      case .failure(let failure):
        await inbox.send(.input(.unreachable(host: host, number: number, detail: failure.detail)))
      }
    }
  }

  private func watch(_ host: Int, _ expecting: Version?) -> Task<Void, Never> {
    let (prober, instance, inbox) = (ports.prober, plan.hosts[host].instance, inbox)
    let probes = plan.policy.probes
    return ports.spawn {
      await prober.watch(instance, probes: probes, expecting: expecting) { health in
        await inbox.send(.input(.health(host: host, expecting: expecting, health)))
      }
    }
  }

  private mutating func analyse(_ analysis: Analysis) -> Task<Void, Never> {
    let (analyst, inbox) = (ports.analyst, inbox)
    let request = AnalysisRequest(plan)
    let samples = LeasedSampleLog(store: ports.store, rollout: plan.rollout, lease: lease)
    let current = CurrentAnalysis(analysis) { number in
      await inbox.send(.input(.baselineTaken(number: number)))
    }
    self.current = current
    return ports.spawn {
      await analyst.observe(request, current: current, samples: samples) { number, verdict in
        await inbox.send(.input(.verdict(number: number, verdict)))
      }
    }
  }
}

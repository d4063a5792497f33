internal import CurlClient
internal import Observers
internal import RolloutCore
internal import RolloutEngine
internal import RolloutStore
internal import Transports

/// Everything that reads and keeps rollouts, who holds them, and whether what is kept is what was written.
typealias CommandStore = RolloutEngine.RolloutStore & LeaseBoard & JournalAudit

/// The one place that says which implementation stands behind each port. Nothing is opened before it is asked for:
/// `canary --help` and `canary status` must not pay for ssh and curl.
struct Composition: Sendable {
  var clock: any WallClock
  /// Opens the journal at this path, and creates it.
  var openStore: @Sendable (String) async -> Result<any CommandStore, StoreFailure>
  var transport: @Sendable (TransportPolicy) -> any Transport
  /// Ends every connection that `transport` gave.
  var closeTransports: @Sendable () async -> Void = {}
  /// Probes and checks; probes that run commands reach hosts through the transport.
  var observers: @Sendable (any Transport) -> Result<Observers, CommandFailure>
  /// What the checks' sources show, outside of any rollout. The directory is where relative paths of command sources
  /// start.
  var survey: Survey = Composition.liveSurvey
  /// What the checks' sources still know of the past, outside of any rollout.
  var history: History = Composition.liveHistory
  /// Starts a controller in the background and gives its pid.
  var launch: @Sendable (DetachedController) -> Result<Int32, CommandFailure>

  struct Observers: Sendable {
    var prober: any Prober
    var analyst: any Analyst
  }

  typealias Survey =
    @Sendable ([CheckPolicy], [Instance], CheckSurvey.Looks, _ directory: String?) async -> Result<
      [CheckSurvey.Row], CommandFailure
    >

  typealias History =
    @Sendable (Policy, [Instance], ClosedRange<Timestamp>, _ directory: String?, _ progress: @Sendable (Double) -> Void)
    async -> Result<CheckHistory.Answer, CommandFailure>

  private static let liveHistory: History = { policy, instances, range, directory, progress in
    do {
      let history = CheckHistory(curl: try CurlClient(), clock: SystemClock(), directory: directory)
      return .success(
        await history.looks(
          of: policy.checks, on: instances, from: range.lowerBound, to: range.upperBound, progress: progress))
    } catch {
      return .failure(.broken("the HTTP client cannot be started: \(error)"))
    }
  }

  private static let liveSurvey: Survey = { checks, instances, looks, directory in
    do {
      let survey = CheckSurvey(curl: try CurlClient(), clock: SystemClock(), directory: directory)
      return .success(await survey.rows(of: checks, on: instances, looks))
    } catch {
      return .failure(.broken("the HTTP client cannot be started: \(error)"))
    }
  }

  private static let shared = SharedTransports { policy in
    switch policy {
    case .ssh(let ssh): SSHTransport(policy: ssh)
    case .local: LocalTransport()
    }
  }

  static let live = Composition(
    clock: SystemClock(),
    openStore: { path in
      do throws(StoreFailure) { return .success(try await SQLiteStore.open(at: path)) } catch { return .failure(error) }
    },
    transport: { shared.transport(for: $0) },
    closeTransports: { await shared.close() },
    observers: { transport in
      do {
        let client = try CurlClient()
        return .success(
          Observers(
            prober: ProbeWatch(curl: client, transport: transport, clock: SystemClock()),
            analyst: MetricAnalyst(curl: client, clock: SystemClock())))
      } catch {
        return .failure(.broken("the HTTP client cannot be started: \(error)"))
      }
    },
    launch: { controller in
      do throws(CommandFailure) { return .success(try controller.launch()) } catch { return .failure(error) }
    })

  /// All ports of a rollout under `policy`.
  func ports(for policy: Policy, store: any CommandStore) throws(CommandFailure) -> Ports {
    let transport = transport(policy.transport)
    let observers = try observers(transport).get()
    return Ports(
      transport: transport, prober: observers.prober, analyst: observers.analyst, clock: clock, store: store)
  }
}

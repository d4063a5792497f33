internal import RolloutCore
internal import RolloutEngine

/// What the engine and the store refuse, in the words of the command line.
extension CommandFailure {
  init(_ failure: StoreFailure) {
    switch failure {
    case .leaseLost(let detail):
      self = .broken("the lease is lost: \(detail)", next: "canary status says who drives the rollout now")
    case .unavailable(let detail):
      self = .broken("the journal cannot be written: \(detail)", next: "nothing was changed; trying again is safe")
    case .corrupt(let rollout, let sequence, let detail):
      self = .broken(
        "the journal of \(rollout) does not add up at record \(sequence): \(detail)",
        next: "nothing is sent to a host for it, and other rollouts are not concerned",
        "canary history verify \(rollout)  shows the damage; restore the journal from a backup to go on with it",
        "canary start SERVICE@VERSION --supersede  puts it aside for a new one, while it is open")
    case .conflict(let detail):
      self = .broken("another process wrote first: \(detail)", next: "canary status shows what holds now")
    case .unusable(let detail): self = .broken(detail, next: "name another directory with --state DIR")
    }
  }

  init(_ refusal: ControllerRefusal, now: Timestamp) {
    switch refusal {
    case .held(let held): self = .held(held, service: nil, rollout: nil, now: now)
    case .open(let summary): self = .open(summary, driver: nil, now: now)
    case .unknownRollout(let id):
      self = .refused("no rollout \(id)", next: "canary history lists them")
    case .alreadyEnded(let summary): self = .ended(summary)
    case .overtaken(let service):
      self = .refused(
        "somebody else drove \(service) since this plan looked at its hosts, so they may not be as it says",
        next: "canary history  says who; nothing was changed, and the same command plans anew")
    case .busy(let service):
      self = .refused("this process moves \(service) already", next: "wait until it is done, then say it again")
    case .store(let failure): self.init(failure)
    case .journal(let rollout, let sequence, let kind, let detail):
      self = .broken(
        "record \(sequence) of \(rollout) (\(DisplayText.clean(kind))) cannot be followed: "
          + DisplayText.clean(detail),
        next: "nothing is sent to a host for it, and other rollouts are not concerned",
        "use the version of canary that wrote it; canary history verify \(rollout)  says whether it is damaged",
        "canary start SERVICE@VERSION --supersede  puts it aside for a new one, while it is open")
    }
  }

  static func ended(_ summary: RolloutSummary) -> CommandFailure {
    .refused(
      "\(summary.id) has ended: \(summary.state)" + (summary.detail.isEmpty ? "" : ", \(summary.detail)"),
      next: "canary start \(summary.service)@VERSION begins another, canary rollback goes back")
  }

  /// Somebody alive drives the service.
  static func held(_ held: LeaseRefusal, service: String?, rollout: RolloutSummary?, now: Timestamp) -> CommandFailure {
    let what = rollout.map { "\($0.id) (\($0.state))" } ?? service ?? "the service"
    let holder = held.holder
    let cause =
      "\(what) is driven by \(DisplayText.clean(holder.user)) on \(DisplayText.clean(holder.host)), pid \(holder.pid), "
      + "for \(TimeWords.length(now - held.takenAt)); last sign of life \(TimeWords.ago(held.renewedAt, now: now))"
    let id = rollout.map { " \($0.id)" } ?? ""
    return .refused(
      cause, next: "canary watch\(id)  follows it", "canary abort\(id) --hold | --rollback  stops it")
  }

  /// The service has a rollout that has not ended.
  static func open(_ summary: RolloutSummary, driver: LeaseRefusal?, now: Timestamp) -> CommandFailure {
    if let driver { return .held(driver, service: summary.service, rollout: summary, now: now) }
    let age = TimeWords.ago(summary.startedAt, now: now)
    let head =
      "\(summary.service) has an open rollout: \(summary.id) to \(summary.release) (\(summary.state)), started by "
      + "\(DisplayText.clean(summary.startedBy)) \(age)"
    switch summary.state {
    case "halted", "stuck":
      return .refused(
        "\(head); it waits for a person", next: "canary explain \(summary.id)  says why, and which of these it takes",
        waysOn(summary), "canary abort \(summary.id) --hold | --rollback  ends it",
        "canary start … --supersede  replaces it")
    case "queued" where now - summary.startedAt < takingUp:
      return .refused(
        "\(head); another start is just taking it up", next: "canary watch \(summary.id)  follows it")
    default:
      return .refused(
        "\(head); nobody drives it", next: "canary resume \(summary.id)  goes on with it",
        "canary abort \(summary.id) --hold | --rollback  ends it")
    }
  }

  /// How long the start of a rollout may take from its record to its controller.
  private static let takingUp = TimeSpan.seconds(10)

  private static func waysOn(_ summary: RolloutSummary) -> String {
    summary.state == "halted"
      ? "canary retry | promote | rollback \(summary.id)  goes on with it, or back"
      : "canary retry \(summary.id)  tries again what could not finish"
  }
}

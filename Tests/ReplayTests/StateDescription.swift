import Crypto
import Foundation

@testable import RolloutCore

/// A rollout's state as the fold of its journal makes it, field by field under names of its own. Format 1: a field that
/// `Rollout` gains later is not added here but in a format 2 beside it, so that what was written down once still holds.
struct StateDescription: Codable, Hashable {
  var format = 1
  var records: Int
  var state: String
  var phase: Phase
  var pausedBy: String?
  var pausedSince: Timestamp?
  var epoch: Int64
  var lastNumber: Int64
  var analysisNumber: Int64
  var baseline: String
  var verdict: String?
  var lastSample: Int?
  var waitsSkippedBy: String?
  var abortAwaited: String?
  var requests: [String]
  var passedWaves: Int
  var provenAt: Timestamp?
  var lastEventAt: Timestamp
  var down: Int
  var failures: Int
  var hosts: [Host]

  struct Phase: Codable, Hashable {
    var name: String
    var wave: Int?
    var since: Timestamp?
    var earliest: Timestamp?
    var latest: Timestamp?
    var detail: String?
    /// Two-valued marks that are set, in a fixed order.
    var marks: [String] = []
  }

  struct Host: Codable, Hashable {
    var name: String
    var state: String
    var position: String
    var step: String?
    var detail: String?
    var number: Int64?
    var tries: Int?
    var since: Timestamp?
    var until: Timestamp?
    var attempt: Int
    var health: String?
    var marks: [String]
  }

  init(_ rollout: Rollout) {
    records = rollout.eventCount
    state = rollout.stateName
    phase = Phase(rollout.phase)
    pausedBy = rollout.pause?.operation.by
    pausedSince = rollout.pause?.since
    epoch = rollout.epoch
    lastNumber = rollout.lastNumber
    analysisNumber = rollout.analysisNumber
    switch rollout.baseline {
    case .due: baseline = "due"
    case .running(let since, let until): baseline = "running \(since.milliseconds) \(until.milliseconds)"
    case .over: baseline = "over"
    }
    verdict = rollout.verdict.map { "\($0.outcome.rawValue): \($0.reason)" }
    lastSample = rollout.verdict?.lastSample
    waitsSkippedBy = rollout.skipsWaits?.by
    abortAwaited = rollout.pendingAbort?.request
    requests = rollout.recentRequests
    passedWaves = rollout.passedWaves
    provenAt = rollout.provenAt
    lastEventAt = rollout.lastEventAt
    down = rollout.downCount
    failures = rollout.failureCount
    hosts = rollout.hosts.indices.map { Host(rollout.hosts[$0], name: rollout.name($0).text) }
  }

  /// SHA-256 of the description as JSON with sorted keys, in hexadecimal.
  var digest: String { Self.hexadecimal(SHA256.hash(data: Self.bytes(self))) }

  /// SHA-256 over the digests of `states` in their order: the way there, not only the end.
  static func digest(of states: [StateDescription]) -> String {
    hexadecimal(SHA256.hash(data: Data(states.map(\.digest).joined(separator: "\n").utf8)))
  }

  static func bytes(_ value: some Encodable, isPretty: Bool = false) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return (try? encoder.encode(value)) ?? Data()
  }

  static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}

extension StateDescription.Phase {
  init(_ phase: RolloutCore.Phase) {
    switch phase {
    case .queued: self.init(name: "queued")
    case .updating(let wave, let deadline): self.init(name: "updating", wave: wave, latest: deadline)
    case .burningIn(let wave, let burnIn):
      let marks = (burnIn.isExtended ? ["extended"] : []) + (burnIn.isSeen ? ["seen"] : [])
      self.init(
        name: "burning in", wave: wave, since: burnIn.since, earliest: burnIn.earliest, latest: burnIn.latest,
        marks: marks)
    case .waitingApproval(let wave, let deadline):
      self.init(name: "waiting for approval", wave: wave, latest: deadline)
    case .soaking(let soak):
      self.init(name: "soaking", since: soak.since, latest: soak.until, marks: soak.isPromoted ? ["promoted"] : [])
    case .halted(let wave, let halt):
      self.init(name: "halted", wave: wave, detail: "\(halt.cause.rawValue): \(halt.detail)")
    case .rollingBack(let cause, let deadline):
      self.init(name: "rolling back", latest: deadline, detail: Self.words(cause))
    case .stuck(let cause, let detail): self.init(name: "stuck", detail: "\(Self.words(cause)): \(detail)")
    case .stopping(let operation): self.init(name: "stopping", detail: operation.request)
    case .ended(let fate, let detail): self.init(name: "ended", detail: "\(fate.rawValue): \(detail)")
    }
  }

  private static func words(_ cause: RollbackCause) -> String {
    switch cause {
    case .failed(let detail): "failed: \(detail)"
    case .aborted: "aborted"
    case .requested: "requested"
    }
  }
}

extension StateDescription.Host {
  init(_ host: HostUpdate, name: String) {
    let marks = [
      (host.direction == .revert, "reverting"), (host.isTouched, "touched"), (host.isActivated, "activated"),
      (host.isImpaired, "impaired"), (host.isSeenDown, "seen down"), (host.isDrained, "drained"),
    ]
    self.init(
      name: name, state: host.stateName, position: "", attempt: host.attempt, marks: marks.filter(\.0).map(\.1))
    switch host.health {
    case .healthy: health = "healthy"
    case .unhealthy(let detail): health = "unhealthy: \(detail)"
    case nil: break
    }
    place(host.position)
  }

  private mutating func place(_ found: HostUpdate.Position) {
    switch found {
    case .outside: position = "outside"
    case .waiting(let step): (position, self.step) = ("waiting", step.rawValue)
    case .inFlight(let intent): place(intent)
    case .verifying(let verification):
      position = "verifying"
      (since, until) = (verification.since, verification.deadline)
      detail = verification.healthySince.map { "healthy since \($0.milliseconds)" }
    case .healthy(let since): (position, self.since) = ("healthy", since)
    case .reverted(let since): (position, self.since) = ("reverted", since)
    case .failed(let detail, let isUnknown):
      (position, self.detail) = (isUnknown ? "failed, unknown" : "failed", detail)
    case .skipped(let reason): (position, detail) = ("skipped", reason)
    }
  }

  private mutating func place(_ intent: HostUpdate.Intent) {
    (step, number, tries) = (intent.step.rawValue, intent.number, intent.tries)
    (since, until) = (intent.since, intent.giveUp)
    switch intent.contact {
    case .sending: position = "sending under \(intent.fence.epoch).\(intent.fence.step)"
    case .asking: position = "asking under \(intent.fence.epoch).\(intent.fence.step)"
    case .deferred(let detail, let retryAt, let thenAsk):
      position = "deferred to \(retryAt.milliseconds)" + (thenAsk ? ", then asking" : "")
      self.detail = detail
    }
  }
}

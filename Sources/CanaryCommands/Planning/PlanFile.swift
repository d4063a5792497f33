internal import FoundationEssentials
internal import RolloutCore

/// A plan on disk, between `canary plan --out` and `canary start --plan`.
struct PlanFile: Codable, Hashable, Sendable {
  /// Grows when older versions of canary could not read the file rightly.
  static let format = 1

  var format = PlanFile.format
  var plan: Plan

  init(plan: Plan) { self.plan = plan }

  static func write(_ plan: Plan, to path: String) throws(CommandFailure) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(PlanFile(plan: plan)) else {
      throw .broken("the plan has a value that JSON cannot hold")
    }
    do { try Files.replace(path, with: String(decoding: data, as: UTF8.self) + "\n") } catch {
      throw .broken("cannot write the plan \(path): \(error.detail)")
    }
  }

  static func read(_ path: String) throws(CommandFailure) -> Plan {
    let bytes: [UInt8]
    do { bytes = try Files.read(path) } catch {
      throw .invalid("cannot read the plan \(path): \(error.detail)", next: "make one with canary plan … --out FILE")
    }
    struct Head: Decodable { var format: Int }
    guard let head = try? JSONDecoder().decode(Head.self, from: Data(bytes)) else {
      throw .invalid("\(path) is not a plan", next: "make one with canary plan … --out FILE")
    }
    guard head.format == format, let file = try? JSONDecoder().decode(PlanFile.self, from: Data(bytes)) else {
      throw .invalid(
        "\(path) is a plan of another version of canary (format \(head.format), this one reads \(format))",
        next: "make it again with canary plan … --out FILE")
    }
    return file.plan
  }

  /// Refuses when the world is not what the saved plan was made for.
  static func requireUnchanged(_ saved: Plan, _ made: PlanDraft.Made, path: String) throws(CommandFailure) {
    let differences: [PlanDifference]
    switch made.plan {
    case .success(let fresh):
      var moved = saved
      moved.policy = saved.policy.takingPaths(from: fresh.policy)
      differences = PlanDifference.between(moved, fresh)
    case .failure: differences = PlanDifference.between(saved, facts: made.facts)
    }
    guard !differences.isEmpty else { return }
    let lines = differences.prefix(20).map { DisplayText.clean($0.description) }
    let rest = differences.count > 20 ? ["and \(differences.count - 20) more"] : []
    throw CommandFailure(
      .refused, "nothing was started: the world has changed since \(path) was made",
      next: lines + rest + ["plan again: canary plan … --out \(path)"])
  }
}

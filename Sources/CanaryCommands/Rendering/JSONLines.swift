import RolloutCore
import RolloutEngine

/// The stream for programs: one object per line, keys as documented in docs/reference/jsonl.md. Version 1 only gains
/// keys and events; anything else is another version.
enum JSONLines {
  static let version: JSONText = 1

  /// The first line: what this rollout is.
  static func header(_ rollout: Rollout) -> String {
    let plan = rollout.plan
    let waves = plan.waves.map { wave -> JSONText in
      .object([
        ("kind", .string(wave.kind.rawValue)),
        ("hosts", .array(wave.hosts.map { .string(LineRenderer.name($0, rollout)) })),
      ])
    }
    return JSONText.object([
      ("v", version), ("type", "header"), ("rollout", .string(plan.rollout.text)),
      ("service", .string(plan.policy.service)), ("kind", .string(plan.kind.rawValue)),
      ("release", .string(plan.release.version.text)), ("digest", .string(plan.release.digest.text)),
      ("at", .time(plan.createdAt)), ("by", .string(plan.createdBy)),
      ("maxUnavailable", .count(plan.maxUnavailable)), ("waves", .array(waves)),
    ]).line
  }

  /// - Parameter rollout: the state after the event.
  static func object(for recorded: RecordedEvent, in rollout: Rollout) -> String {
    EventJSON.object(recorded, rollout).line
  }

  /// The last line: where it stands when this process stops watching.
  static func end(_ rollout: Rollout, now: Timestamp) -> String {
    JSONText.object([
      ("v", version), ("type", "end"), ("rollout", .string(rollout.plan.rollout.text)), ("at", .time(now)),
      ("state", .string(rollout.stateName)), ("exit", .integer(Int64(ExitStatus.of(rollout).rawValue))),
      ("detail", .string(rollout.summary.detail)),
    ]).line
  }

  /// So many objects are left out here, because they were not read in time.
  static func dropped(_ count: Int, of rollout: RolloutID, now: Timestamp) -> String {
    JSONText.object([
      ("v", version), ("type", "dropped"), ("rollout", .string(rollout.text)), ("at", .time(now)),
      ("count", .count(count)),
    ]).line
  }

  /// Something keeps it from moving; nil: no longer.
  static func trouble(_ detail: String?, _ rollout: Rollout, now: Timestamp) -> String {
    JSONText.object([
      ("v", version), ("type", "trouble"), ("rollout", .string(rollout.plan.rollout.text)), ("at", .time(now)),
      ("state", .string(rollout.stateName)), ("detail", .text(detail)),
    ]).line
  }

  /// A JSON text as lines: one for each element of an array, one for anything else, without space between tokens.
  static func folded(_ json: String) -> String {
    var bytes: [UInt8] = []
    var depth = 0
    var (isArray, isInString, isEscaped) = (false, false, false)
    for byte in json.utf8 {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        bytes.append(byte)
        continue
      }
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
      case UInt8(ascii: "["), UInt8(ascii: "{"):
        depth += 1
        if bytes.isEmpty, depth == 1, byte == UInt8(ascii: "[") {
          isArray = true
          continue
        }
      case UInt8(ascii: "]"), UInt8(ascii: "}"):
        depth -= 1
        if isArray, depth == 0 { continue }
      case UInt8(ascii: ",") where isArray && depth == 1:
        bytes.append(UInt8(ascii: "\n"))
        continue
      case UInt8(ascii: "\""): isInString = true
      default: break
      }
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

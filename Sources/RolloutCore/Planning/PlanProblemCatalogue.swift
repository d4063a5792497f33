/// What `canary explain CNY03xx` says of a code.
public struct PlanProblemEntry: Hashable, Codable, Sendable {
  public var code: String
  public var title: String
  public var text: String
  /// What to do, in one or two sentences.
  public var remedy: String
}

/// Every code of the planner, in order. CNY030x to CNY033x keep a rollout from starting; CNY035x are warnings.
public enum PlanProblemCatalogue {
  public static let entries: [PlanProblemEntry] = PlanProblemCode.allCases.map(entry)

  /// Nil for a code that is not the planner's.
  public static func entry(for code: String) -> PlanProblemEntry? {
    PlanProblemCode(rawValue: code).map(entry)
  }

  /// `docs/reference/plan-problems.md`.
  public static var markdown: String {
    var text = """
      # Plan problems and warnings

      What `canary plan` and `canary start` say before anything is touched. `canary explain CODE` prints the same. Codes
      `CNY0301` to `CNY0349` keep a rollout from starting, with exit status 5; `CNY0351` and above are warnings. A code
      keeps its meaning for ever. This page is generated from the code.

      """
    for entry in entries {
      text += "\n## \(entry.code): \(entry.title)\n\n\(entry.text)\n\n**What to do:** \(entry.remedy)\n"
    }
    return text
  }

  private static func entry(_ code: PlanProblemCode) -> PlanProblemEntry {
    let (title, text, remedy) =
      switch code {
      case .noInstance, .duplicateHost, .unreachableHost, .rollbackTargetMissing, .mixedEmptyAndRunning, .versionReused,
        .unverifiedCurrent, .releaseNotHeld:
        hostWords(code)
      case .unknownExclusion, .exclusionWithoutReason, .unknownCanary, .excludedCanary, .canaryAlreadyOnRelease,
        .canaryAcrossZones, .sizeOutOfRange, .wavesDoNotGrow:
        choiceWords(code)
      default: warningWords(code)
      }
    return PlanProblemEntry(code: code.rawValue, title: title, text: text, remedy: remedy)
  }
}

extension PlanProblemCatalogue {
  private typealias Words = (title: String, text: String, remedy: String)

  private static func hostWords(_ code: PlanProblemCode) -> Words {
    switch code {
    case .noInstance:
      (
        "no instance takes part",
        "The inventory is empty, or every instance in it is excluded. A rollout without instances proves "
          + "nothing.",
        "Check the inventory that the policy names under `instances`, and the exclusions."
      )
    case .duplicateHost:
      (
        "a host is listed twice",
        "Plans, journals and the ledgers on the hosts tell instances apart by their id. Two instances with "
          + "one id would be pushed as if they were one.",
        "Give every instance an id of its own. Two instances on one machine need two ids with the same "
          + "address."
      )
    case .unreachableHost:
      (
        "a host does not answer",
        "Before anything is pushed, every host that takes part says what it runs and what it could go back "
          + "to. A host that does not answer can promise neither, and it may be down, so it would use up "
          + "`max_unavailable` from the start.",
        "Try `canary doctor`, repair the host, or leave it out with `--exclude HOST --reason TEXT`."
      )
    case .rollbackTargetMissing:
      (
        "a host has no way back",
        "The host runs a version of which it holds no complete, verified release, for instance because it was "
          + "put there by another tool or pruned. If the new release fails there, it could not be rolled back.",
        "Put a complete release of what runs there on the host, leave the host out, or accept it for the "
          + "whole rollout with `rollback: forward_only`."
      )
    case .mixedEmptyAndRunning:
      (
        "empty hosts among running ones",
        "Some hosts to update run a release and others run nothing. A rollback would return the first to what "
          + "they ran and has nothing for the others. A first deploy to hosts that are all empty is fine, and so "
          + "is adding empty hosts to a service whose other hosts are on the release already.",
        "Bring the empty hosts to what the others run first, leave them out, or set `rollback: forward_only`."
      )
    case .versionReused:
      (
        "one version, two contents",
        "The host holds a release under this version whose SHA-256 differs from the artifact's. One version "
          + "must mean one content, or no report of what runs where can be believed.",
        "Publish the new content under a version of its own."
      )
    case .unverifiedCurrent:
      (
        "a host runs the version, but not a verified release of it",
        "`current` names the release's version, but the host has no complete, verified release under it: it "
          + "may be half unpacked or changed by hand. Replacing a directory under a running process is not done.",
        "Publish the release under a version of its own, or leave the host out and repair it by hand."
      )
    default:
      (
        "a host does not hold the version to go back to",
        "A rollback activates releases that the hosts still hold. This host does not hold the version, and no "
          + "artifact of it was found to send.",
        "Choose a version that every host holds (`canary hosts` shows them), or provide its artifact."
      )
    }
  }

  private static func choiceWords(_ code: PlanProblemCode) -> Words {
    switch code {
    case .unknownExclusion:
      (
        "an excluded host is not in the inventory",
        "Leaving out a host that does not exist is most often a spelling mistake, and then the host that was "
          + "meant would be pushed.",
        "Correct the name, or drop the exclusion."
      )
    case .exclusionWithoutReason:
      (
        "an exclusion without a reason",
        "A host left out ends up on another version than its siblings. The reason is kept with the rollout, "
          + "for whoever finds it there later.",
        "Say why with `--reason TEXT`."
      )
    case .unknownCanary:
      (
        "a named canary is not in the inventory",
        "`canary: hosts:` names a host that the inventory does not have.",
        "Correct the name, or let canary choose with `canary: {count: 1}`."
      )
    case .excludedCanary:
      (
        "a named canary is excluded",
        "The policy names this host as canary, and the command leaves it out.",
        "Name another canary for this rollout, or drop the exclusion."
      )
    case .canaryAlreadyOnRelease:
      (
        "a named canary is on the release already",
        "Nothing would be updated there, so it could not show how an update goes or what it changes.",
        "Name a host that still runs another version, or let canary choose with `canary: {count: 1}`."
      )
    case .canaryAcrossZones:
      (
        "the canary could take two zones below their floors",
        "Each zone may lose its share of `max_unavailable`: that number times the zone's part of the service, "
          + "rounded down, at least 1. No wave may be able to take two zones below that at once, and this canary "
          + "could.",
        "Use a smaller canary, name canaries of one zone, or lower `max_unavailable`."
      )
    case .sizeOutOfRange:
      (
        "a size out of range",
        "Numbers of hosts go from 1 on, percentages from above 0% to 100%, `max_failures` from 0 on.",
        "Correct the value in the policy."
      )
    default:
      (
        "wave percentages that do not grow",
        "A percentage in `waves` says how far the hosts after the canary have come when the wave ends, so "
          + "each is above the one before. A number is the size of its wave.",
        "Write `[30%, 30%, 40%]` as `[30%, 60%, 100%]`."
      )
    }
  }

  private static func warningWords(_ code: PlanProblemCode) -> Words {
    switch code {
    case .warnRareVersion:
      (
        "the canary runs a rare version",
        "Fewer hosts run what the canary runs than run another version, so the canary's update says little "
          + "about theirs.",
        "Name a canary that runs the most common version, or let canary choose."
      )
    case .warnAloneInZone:
      (
        "the canary is alone in its zone",
        "No sibling in the zone sees the same traffic or the same network, so differences may come from the "
          + "zone.",
        "Choose a canary from a zone with several instances."
      )
    case .warnNoSiblings:
      (
        "nothing to compare the canary with",
        "No instance on an earlier release is left beside the canary. Probes and absolute limits still work; "
          + "checks that compare with siblings have no data.",
        "Use a smaller canary, or give checks a `limit`."
      )
    case .warnOneWave:
      (
        "everything in one wave",
        "The canary is every host that is updated: a bad release reaches all of them before anything is "
          + "judged.",
        "Use a smaller canary."
      )
    case .warnNoProbes:
      (
        "no probes",
        "Nothing asks the instances whether they are healthy. An update counts as healthy when its restart "
          + "command succeeded.",
        "Add a probe under `probes`, best one that names the version that answers."
      )
    case .warnAllMayBeDown:
      (
        "every instance may be down at once",
        "`max_unavailable` is as large as the service, so nothing keeps an instance serving.",
        "Lower `max_unavailable`, or accept an interruption."
      )
    default:
      (
        "hosts that cannot be rolled back",
        "`rollback: forward_only` accepts hosts without a complete release to go back to. If the release "
          + "fails there, a person has to repair them.",
        "Put a complete release of what runs there on the hosts, or leave them out."
      )
    }
  }
}

/// Stable codes of plan problems and plan warnings. A code keeps its meaning for ever; a retired one is not used again.
public enum PlanProblemCode: String, Hashable, Codable, Sendable, CaseIterable {
  case noInstance = "CNY0301"
  case duplicateHost = "CNY0302"
  case unreachableHost = "CNY0303"
  case rollbackTargetMissing = "CNY0304"
  case mixedEmptyAndRunning = "CNY0305"
  case versionReused = "CNY0306"
  case unverifiedCurrent = "CNY0307"
  case releaseNotHeld = "CNY0308"
  case unknownExclusion = "CNY0310"
  case exclusionWithoutReason = "CNY0311"
  case unknownCanary = "CNY0320"
  case excludedCanary = "CNY0321"
  case canaryAlreadyOnRelease = "CNY0322"
  case canaryAcrossZones = "CNY0323"
  case sizeOutOfRange = "CNY0330"
  case wavesDoNotGrow = "CNY0331"

  case warnRareVersion = "CNY0351"
  case warnAloneInZone = "CNY0352"
  case warnNoSiblings = "CNY0353"
  case warnOneWave = "CNY0354"
  case warnNoProbes = "CNY0355"
  case warnAllMayBeDown = "CNY0356"
  case warnNoWayBack = "CNY0357"
}

extension PlanProblem {
  init(_ code: PlanProblemCode, host: HostID? = nil, _ detail: String, remedy: String) {
    self.init(code: code.rawValue, host: host, detail: detail, remedy: remedy)
  }
}

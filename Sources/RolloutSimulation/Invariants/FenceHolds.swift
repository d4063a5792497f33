internal import RolloutCore

/// G3: the fence that a host has accepted never falls, and a command with a lower one changes nothing.
struct FenceHolds {
  private var highest: [HostID: Fence] = [:]

  mutating func raised(_ host: HostID, _ fence: Fence) -> String? {
    if let known = highest[host], fence < known { return "the fence of \(host) falls from \(known) to \(fence)" }
    highest[host] = fence
    return nil
  }

  mutating func acts(_ key: StepKey, _ fence: Fence) -> String? {
    if let known = highest[key.host], fence < known { return "\(key) acts under \(fence), the host is at \(known)" }
    highest[key.host] = fence
    return nil
  }

  /// What is left on the disk.
  func survived(_ host: HostID, _ fence: Fence?) -> String? {
    guard let known = highest[host] else { return nil }
    guard let fence, fence >= known else {
      return "the fence of \(host) falls from \(known) to \(fence?.description ?? "nothing") with the power"
    }
    return nil
  }

  mutating func replaced(_ host: HostID) { highest[host] = nil }
}

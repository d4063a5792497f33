internal import RolloutCore

/// G2: a step that was carried out to its end is never carried out again under its key, and never twice at once.
/// One that a crash cut off may be begun anew: that is what its host calls interrupted.
struct EffectivelyOnce {
  private var concluded: [StepKey: Outcome] = [:]
  private var atWork: [HostID: StepKey] = [:]

  mutating func accepted(_ key: StepKey) -> String? {
    if let outcome = concluded[key] { return "\(key) begins again after its end (\(outcome))" }
    if let other = atWork[key.host] { return "\(key) begins while \(other) is at work" }
    atWork[key.host] = key
    return nil
  }

  mutating func concluded(_ key: StepKey, _ outcome: Outcome) -> String? {
    atWork[key.host] = nil
    guard concluded.updateValue(outcome, forKey: key) == nil else { return "\(key) ends a second time" }
    return nil
  }

  mutating func workerDied(_ host: HostID) { atWork[host] = nil }

  /// Another machine with another ledger.
  mutating func replaced(_ host: HostID) { concluded = concluded.filter { $0.key.host != host } }

  /// What a host says of a step must be what it did.
  func answered(_ key: StepKey, _ record: StepRecord) -> String? {
    if case .finished = record { return nil }
    if let outcome = concluded[key] { return "\(key) is called \(record) after its end (\(outcome))" }
    return atWork[key.host] == key && record != .running ? "\(key) is at work, and called \(record)" : nil
  }

  /// After a crash: an end that somebody was told of lasts.
  func survived(_ host: HostID, _ steps: [StepKey: HostFiles.StepFile]) -> String? {
    let lost = concluded.filter { $0.key.host == host && steps[$0.key] != .finished($0.value) }
    guard let key = lost.keys.min(by: { "\($0)" < "\($1)" }) else { return nil }
    return "the end of \(key) was told, and is lost with the power"
  }
}

package import RolloutCore

extension WaitReason {
  /// The remedy read as a person would type it; an unnamed HOST stands for a failed one.
  package func remedyVerbs(in state: Rollout) -> [Input.Verb] {
    remedy.split(separator: "|").flatMap { part -> [Input.Verb] in
      let words = part.split(separator: " ")
      switch words.first {
      case "resume": return state.pause == nil ? [] : [.resume]
      case "promote": return [.promote(full: false)]
      case "retry": return [.retry]
      case "rollback": return state.isReversible ? [.rollback] : []
      case "abort": return [.abort(.hold)]
      case "--rollback": return []
      case "skip":
        let failed = state.hosts.indices.first { state.hosts[$0].isFailed }.map { state.name($0) }
        return words[1] == "HOST" ? failed.map { [.skip($0)] } ?? [] : [.skip(HostID(String(words[1])))]
      default: return []
      }
    }
  }
}

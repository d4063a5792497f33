/// Every place that changes the journal's file. A new one gets a case here, and with it rows in the kill matrix: the
/// store takes no write without one.
public enum WriteSite: String, CaseIterable, Sendable {
  /// The tables of a new or older file.
  case migrate
  /// One turn of a rollout: records, summary and answers.
  case append
  case appendSamples = "append-samples"
  case pruneSamples = "prune-samples"
  case acquire, renew, release
  case raiseEpoch = "raise-epoch"
  /// A damaged rollout is closed, so that another can begin.
  case putAside = "put-aside"
  /// What an operator asks.
  case offer
}

/// How far a write has come.
public enum WriteStage: String, CaseIterable, Sendable {
  /// Nothing is written.
  case offered
  /// Written within the open transaction.
  case written
  /// About to be committed. A test's own sync ends the process between the log's write and its sync.
  case committing
  /// On stable storage, and nobody was told.
  case synced
}

/// Every step between the journal, the hosts and the people at which a process may be lost.
public enum Moment: String, CaseIterable, Sendable {
  /// A turn is decided and not written.
  case turnDecided = "turn-decided"
  /// A turn is on stable storage and not shown.
  case turnJournalled = "turn-journalled"
  /// It is shown, and what follows from it has not begun.
  case turnShown = "turn-shown"
  /// What follows from it has begun.
  case effectsBegun = "effects-begun"
  /// A command's outcome has come, and its runner does not know.
  case outcomeReceived = "outcome-received"
  /// A host's answer to a question has come, and its runner does not know.
  case answerReceived = "answer-received"
  /// Requests of other processes were read, and the runner does not know.
  case requestsRead = "requests-read"

  /// A connection to a host is about to be opened.
  case connecting
  case connected
  /// A request is about to be sent.
  case sending
  /// It is on the wire.
  case sent
  /// A part of an artifact is on the wire.
  case uploading
  /// The reply was read.
  case replied

  /// An operator's verb is about to be offered, has been, and its answer was read and not said.
  case requestMade = "request-made"
  case requestOffered = "request-offered"
  case answerRead = "answer-read"
  /// A controller in the background is about to be started, and was started.
  case launching, launched
}

/// Where tests end, stop or fail this process. Release builds have no such places: the calls do nothing and nothing is
/// read from the environment.
public enum FailPoints {
  /// True when the caller is to fail here as if its storage or its peer had.
  @discardableResult
  public static func reached(_ moment: Moment) -> Bool {
    #if DEBUG
      return ArmedPoints.reached(moment.rawValue)
    #else
      return false
    #endif
  }

  @discardableResult
  public static func reached(_ site: WriteSite, _ stage: WriteStage) -> Bool {
    #if DEBUG
      return ArmedPoints.reached("\(site.rawValue).\(stage.rawValue)")
    #else
      return false
    #endif
  }

  /// How long a lease lives, in milliseconds, where a test says so.
  public static var leaseMilliseconds: Int64? {
    #if DEBUG
      return ArmedPoints.leaseMilliseconds
    #else
      return nil
    #endif
  }
}

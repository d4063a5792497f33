internal import FailPoints
internal import RolloutCore
internal import RolloutEngine

/// Hands a recorded rollout to a controller that lives on without this process.
struct Background {
  let session: Session
  let store: any CommandStore

  /// Starting a process, opening the journal and taking the lease takes a fraction of a second; this is for machines
  /// that are very busy.
  private static let patience = TimeSpan.seconds(20)
  private static let look = TimeSpan(milliseconds: 50)

  /// Starts a controller and returns when it has taken the rollout over, so that whoever reads the id can rely on it.
  /// `count`: records of the rollout that this process has seen.
  func start(_ id: RolloutID, after count: Int) async throws(CommandFailure) {
    let state = try session.state()
    let log = state.log(of: id.text)
    let controller = DetachedController(
      program: DetachedController.ownProgram,
      arguments: ["resume", id.text, "--as-is", "--output", "jsonl", "--state", state.path],
      environment: session.context.environment, log: log)
    FailPoints.reached(.launching)
    let pid = try session.context.composition.launch(controller).get()
    FailPoints.reached(.launched)
    let clock = session.context.clock
    let deadline = clock.now() + Self.patience
    while clock.now() < deadline {
      if try await hasTakenOver(id, after: count) { return }
      if let end = DetachedController.ended(pid) {
        // It may have taken over and finished between the two looks.
        if try await hasTakenOver(id, after: count) { return }
        throw .broken(
          "the controller in the background ended with \(end) before it took \(id) over: \(lastWords(log))",
          next: "canary resume \(id)  goes on in the foreground")
      }
      do { try await clock.sleep(until: clock.now() + Self.look) } catch { break }
    }
    throw .broken(
      "the controller in the background (pid \(pid)) has not taken \(id) over yet; its log is \(log)",
      next: "canary status \(id)  says whether it has")
  }

  private func hasTakenOver(_ id: RolloutID, after count: Int) async throws(CommandFailure) -> Bool {
    let records = try await session.read { () async throws(StoreFailure) in try await store.records(of: id, from: count)
    }
    return records.contains { $0.kind == "controllerTookOver" }
  }

  private func lastWords(_ log: String) -> String {
    guard let bytes = try? Files.read(log) else { return "it left no log" }
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
    return lines.suffix(3).map { DisplayText.clean(String($0)) }.joined(separator: "; ")
  }
}

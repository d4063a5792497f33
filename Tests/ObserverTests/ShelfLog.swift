import RolloutCore
import RolloutEngine

/// A sample log in memory that can be told to fail, and that says when it has grown.
actor ShelfLog: SampleLog {
  private(set) var records: [SampleRecord] = []
  private var failure: StoreFailure?
  private(set) var refusals = 0
  private let page: Int

  /// `page`: records given at once.
  init(_ records: [SampleRecord] = [], page: Int = 1000) {
    self.records = records
    self.page = page
  }

  /// Every write fails like this until it is called with nil.
  func refuse(with failure: StoreFailure?) { self.failure = failure }

  func samples(from sequence: Int) async throws(StoreFailure) -> [SampleRecord] {
    Array(records.dropFirst(sequence).prefix(page))
  }

  func append(_ new: [SampleRecord]) async throws(StoreFailure) {
    if let failure {
      refusals += 1
      throw failure
    }
    for record in new {
      guard record.sequence == records.count else { throw .conflict(detail: "sample \(records.count) is due") }
      records.append(record)
    }
  }
}

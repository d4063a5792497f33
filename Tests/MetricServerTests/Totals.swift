import CanaryJudge
import CurlClient
import RolloutCore
import RolloutEngine
import TestKit
import Testing

@testable import Observers

/// Adds up what a reader says of its first check.
struct Totals {
  var events: [Double]
  var exposure: [Double]
  var histogram: [Histogram?]
  var gauges: [Double?]
  var begun: [Bool]
  var problems: [ReadingProblem?]

  init(instances: Int) {
    events = Array(repeating: 0, count: instances)
    exposure = events
    histogram = Array(repeating: nil, count: instances)
    gauges = Array(repeating: nil, count: instances)
    begun = Array(repeating: false, count: instances)
    problems = Array(repeating: nil, count: instances)
  }

  mutating func add(_ observations: [Observation]) {
    for (index, observation) in observations.enumerated() {
      problems[index] = nil
      switch observation {
      case .first: begun[index] = true
      case .pending: break
      case .none(let problem): problems[index] = problem
      case .measured(let measurement), .covering(let measurement, _): add(measurement, index)
      }
    }
  }

  private mutating func add(_ measurement: CanaryJudge.Measurement, _ index: Int) {
    begun[index] = true
    switch measurement {
    case .counts(let events, let exposure):
      self.events[index] += events
      self.exposure[index] += exposure
    case .gauge(let value): gauges[index] = value
    case .histogram(let new):
      guard var sum = histogram[index], sum.upperBounds == new.upperBounds else {
        histogram[index] = new
        return
      }
      for bucket in new.buckets {
        if let place = sum.buckets.firstIndex(where: { $0.index == bucket.index }) {
          sum.buckets[place].count += bucket.count
        } else {
          sum.buckets.append(bucket)
        }
      }
      sum.buckets.sort { $0.index < $1.index }
      histogram[index] = sum
    case .missing: break
    }
  }
}

/// A reader and all it has said.
actor Watch {
  let reader: any MetricReader
  private(set) var totals: Totals

  init(_ check: CheckPolicy, instances count: Int) throws {
    let hosts = (0..<count).map { Instance(id: HostID("web\($0)"), address: "127.0.0.1") }
    let (groups, refusals) = MetricReaders.groups([check], on: hosts)
    if let refusal = refusals.first { throw FixtureFailure(refusal.detail) }
    let surroundings = ReaderSurroundings(curl: try CurlClient(), clock: SystemClock())
    guard let reader = MetricReaders.reader(groups[0], surroundings) else { throw FixtureFailure("no reader") }
    self.reader = reader
    totals = Totals(instances: count)
  }

  /// One look.
  @discardableResult
  func look() async -> Totals {
    totals.add(await reader.read(at: now())[0])
    return totals
  }

  /// Looks until `condition` holds; a test's failure when it did not within a minute.
  func expect(sourceLocation: SourceLocation = #_sourceLocation, _ condition: @Sendable (Totals) -> Bool) async {
    let holds = await eventually(within: .seconds(60)) { condition(await look()) }
    if !holds { Issue.record("in the end: \(totals)", sourceLocation: sourceLocation) }
  }
}

func now() -> Timestamp { SystemClock().now() }

/// Counts of one tick by instance, checked: what is not a finite, non-negative number was not measured.
struct ArmCounts: Hashable, Sendable {
  var events: [Double]
  var exposure: [Double]
  /// Whether the instance reported at all; no exposure from one that reports is data.
  var reported: [Bool]

  init(_ readings: [Measurement], instances: Int) {
    events = Array(repeating: 0, count: instances)
    exposure = events
    reported = Array(repeating: false, count: instances)
    for index in 0..<min(instances, readings.count) {
      guard case .counts(let x, let n) = readings[index], x >= 0, n >= 0, x < 1e15, n < 1e15 else { continue }
      events[index] = x
      exposure[index] = n
      reported[index] = true
    }
  }

  /// Both arms' sums.
  func tick(updated: [Int], siblings: [Int]) -> RateTick {
    var result = RateTick(canaryExposure: 0, canaryEvents: 0, baselineExposure: 0, baselineEvents: 0)
    for index in updated {
      result.canaryExposure += exposure[index]
      result.canaryEvents += events[index]
    }
    for index in siblings {
      result.baselineExposure += exposure[index]
      result.baselineEvents += events[index]
    }
    return result
  }

  func hasReport(_ members: [Int]) -> Bool { members.contains { reported[$0] } }
  func silent(_ members: [Int]) -> Int { members.count { !reported[$0] } }
}

internal import Synchronization

/// Which metrics of which instances are wanted, and what came of them since the last look. Names that nobody asked for
/// are dropped at once, so what arrives cannot make it grow.
final class StatsDTally: Sendable {
  private let routes: StatsDRoutes
  private let state: Mutex<Interval>

  /// What came between two looks.
  struct Interval {
    /// By metric, then by instance.
    var series: [[StatsDSeries]]
    /// Instances that sent anything at all, wanted or not, as far as it names them.
    var heard: [Bool]
    var datagrams = 0
    var lines = 0
    var malformed = 0
  }

  init(_ routes: StatsDRoutes) {
    self.routes = routes
    state = Mutex(
      Interval(
        series: Array(repeating: Array(repeating: StatsDSeries(), count: routes.instances), count: routes.metrics),
        heard: Array(repeating: false, count: routes.instances)))
  }

  /// Since the last look.
  var datagrams: Int { state.withLock { $0.datagrams } }

  func take(_ lines: [StatsDLine], malformed: Int) {
    state.withLock { state in
      state.datagrams += 1
      state.lines += lines.count
      state.malformed += malformed
      for line in lines { take(line, &state) }
    }
  }

  private func take(_ line: StatsDLine, _ state: inout Interval) {
    for instance in routes.senders(of: line) { state.heard[instance] = true }
    for target in routes.targets(of: line) {
      state.heard[target.instance] = true
      state.series[target.metric][target.instance].take(line)
    }
  }

  /// What came since the last look; another interval begins. The levels of gauges stay, except where `forgets` an
  /// instance.
  func look(forgetting forgets: (Interval) -> [Bool]) -> Interval {
    state.withLock { state in
      let seen = state
      let forgotten = forgets(seen)
      for metric in state.series.indices {
        for instance in state.series[metric].indices {
          state.series[metric][instance].beginInterval()
          if forgotten[instance] { state.series[metric][instance].forgetLevel() }
        }
      }
      state.heard = Array(repeating: false, count: state.heard.count)
      (state.datagrams, state.lines, state.malformed) = (0, 0, 0)
      return seen
    }
  }
}

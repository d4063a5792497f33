internal import RolloutCore

/// The smallest tolerance of a short list at which a check alone halts few enough calm burn-ins. A burn-in that is
/// halted at one tolerance is taken to be halted at every smaller one, so that few have to be played again.
struct ToleranceSearch: Hashable, Sendable {
  let check: Int
  let present: Double
  /// Calm burn-ins in which something was measured of the check.
  let trials: [Int]
  /// Halted at the present tolerance.
  private(set) var halted: Set<Int> = []
  private let grid: [Double]
  private let presentPlace: Int
  private let allowed: Int
  /// Places below `low` halt too many; those from `high` on do not.
  private var low = 0
  private var high = 0
  private var haltedAt: [Int: Set<Int>] = [:]

  static let tolerances = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5]

  init(check: Int, _ policy: CheckPolicy, trials: [Int], falseAlarm: Double) {
    self.check = check
    self.trials = trials
    present = policy.tolerance
    // Nothing can fall by more than all there is.
    let most = policy.worseWhen == .down ? 0.8 : .infinity
    let present = policy.tolerance
    let others = Self.tolerances.filter { $0 != present && $0 <= most }
    grid = (others + [present]).sorted()
    presentPlace = grid.firstIndex(of: present) ?? 0
    allowed = Int(falseAlarm * Double(trials.count))
  }

  var isTight: Bool { halted.count > allowed }

  /// Says which burn-ins are halted at the present tolerance.
  mutating func begin(halted: Set<Int>) {
    self.halted = halted
    haltedAt[presentPlace] = halted
    (low, high) = isTight ? (presentPlace + 1, grid.count) : (0, presentPlace)
  }

  /// What is to be played next; nil when it is found, or found to be none.
  var next: (tolerance: Double, trials: [Int])? {
    guard low < high, !trials.isEmpty else { return nil }
    let place = (low + high) / 2
    return (grid[place], trials.filter { place > presentPlace ? halted.contains($0) : !halted.contains($0) })
  }

  mutating func take(halted more: Set<Int>) {
    guard low < high else { return }
    let place = (low + high) / 2
    let all = place > presentPlace ? more : halted.union(more)
    haltedAt[place] = all
    if all.count > allowed { low = place + 1 } else { high = place }
  }

  /// The tolerance and the burn-ins halted at it.
  var found: (tolerance: Double, halted: Set<Int>)? {
    guard low >= high, high < grid.count, let halted = haltedAt[high] else { return nil }
    return (grid[high], halted)
  }
}

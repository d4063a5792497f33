internal import RolloutCore

/// The ways between controllers' machines and hosts: delay, loss, duplication, reordering, cuts in one direction or
/// both, connections that only look open.
final class SimNetwork {
  private let world: World
  /// Open cuts by host; a nil machine means every controller's.
  private var cuts: [[Cut]]
  /// What happens to messages now, in percent.
  var loss = 0
  var duplication = 0
  var straggling = 0
  /// Requests and answers on their way.
  private(set) var underWay = 0

  struct Cut {
    var number: Int
    var machine: String?
    var there: Bool
    var back: Bool
  }
  private var numbers = 0

  init(_ world: World, _ hosts: Int) {
    self.world = world
    cuts = Array(repeating: [], count: hosts)
  }

  func cut(_ host: Int, machine: String?, there: Bool, back: Bool) -> Int {
    numbers += 1
    cuts[host].append(Cut(number: numbers, machine: machine, there: there, back: back))
    return numbers
  }

  func mend(_ host: Int, _ number: Int) { cuts[host].removeAll { $0.number == number } }

  func mendAll() {
    for host in cuts.indices { cuts[host] = [] }
    (loss, duplication, straggling) = (0, 0, 0)
  }

  func isOpen(_ machine: SimMachine, _ host: Int) -> Bool {
    cuts[host].isEmpty || !cuts[host].contains { $0.machine == nil || $0.machine == machine.name }
  }

  private func passes(_ machine: SimMachine, _ host: Int, there: Bool) -> Bool {
    cuts[host].isEmpty
      || !cuts[host].contains { ($0.machine == nil || $0.machine == machine.name) && (there ? $0.there : $0.back) }
  }

  /// Brings a message over, perhaps twice, late or not at all.
  func carry(
    _ machine: SimMachine, _ host: SimHost, there: Bool, _ wire: ClosedRange<Int64>, _ deliver: @escaping () -> Void
  ) {
    var copies = 1
    if duplication > 0, world.dice.chance(duplication) { copies = 2 }
    if loss > 0, world.dice.chance(loss) { copies -= 1 }
    for _ in 0..<copies {
      var delay = world.dice.time(wire)
      if straggling > 0, world.dice.chance(straggling) { delay += world.dice.time(1_000...45_000) }
      underWay += 1
      world.after(delay) {
        self.underWay -= 1
        if self.passes(machine, host.index, there: there) { deliver() }
      }
    }
  }
}

extension SimNetwork {
  static let connectTimeout: Int64 = 3_000
}

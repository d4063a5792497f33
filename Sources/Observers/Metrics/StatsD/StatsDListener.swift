internal import Synchronization

/// One bound address: every datagram is split once and counted in every tally.
final class StatsDListener: Sendable {
  private let socket: DatagramSocket
  private let tallies: Tallies

  private final class Tallies: Sendable {
    let all = Mutex<[StatsDTally]>([])
  }

  init(_ address: ListenAddress, receiveBuffer: Int32) throws(DatagramSocket.Failure) {
    let tallies = Tallies()
    self.tallies = tallies
    socket = try DatagramSocket(address, receiveBuffer: receiveBuffer) { datagram in
      var lines: [StatsDLine] = []
      let malformed = StatsDParser.lines(in: datagram) { lines.append($0) }
      for tally in tallies.all.withLock({ $0 }) { tally.take(lines, malformed: malformed) }
    }
  }

  func add(_ tally: StatsDTally) {
    tallies.all.withLock { $0.append(tally) }
  }

  /// True when it was the last.
  func remove(_ tally: StatsDTally) -> Bool {
    tallies.all.withLock { all in
      all.removeAll { $0 === tally }
      return all.isEmpty
    }
  }

  /// Datagrams lost in the kernel since the address was bound; nil where it does not say.
  var drops: Int? { socket.drops }

  func close() async { await socket.close() }
}

/// The UDP listeners of this process, one socket per address however many checks and rollouts it serves.
actor StatsDListeners {
  private var listeners: [ListenAddress: StatsDListener] = [:]

  init() {}

  /// From now on what comes to `address` is counted in `tally`, until `detach`. Binds the address where nobody has yet.
  func attach(_ tally: StatsDTally, to address: ListenAddress) throws(DatagramSocket.Failure) -> StatsDListener {
    if let listener = listeners[address] {
      listener.add(tally)
      return listener
    }
    let listener = try StatsDListener(address)
    listener.add(tally)
    listeners[address] = listener
    return listener
  }

  /// Frees the address with its last tally.
  func detach(_ tally: StatsDTally, from address: ListenAddress) async {
    guard let listener = listeners[address], listener.remove(tally) else { return }
    listeners[address] = nil
    await listener.close()
  }
}

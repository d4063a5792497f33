/// The UDP listeners of this process, one socket per address however many checks and rollouts it serves.
actor StatsDListeners {
  private var listeners: [ListenAddress: StatsDListener] = [:]

  private let receiveBuffer: Int32

  /// Room in the kernel for the bursts of one address, in bytes.
  init(receiveBuffer: Int32 = 4 << 20) { self.receiveBuffer = receiveBuffer }

  /// From now on what comes to `address` is counted in `tally`, until `detach`. Binds the address where nobody has yet.
  func attach(_ tally: StatsDTally, to address: ListenAddress) throws(DatagramSocket.Failure) -> StatsDListener {
    if let listener = listeners[address] {
      listener.add(tally)
      return listener
    }
    let listener = try StatsDListener(address, receiveBuffer: receiveBuffer)
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

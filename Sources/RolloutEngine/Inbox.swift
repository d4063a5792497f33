/// A bounded queue with many senders and one receiver. A full inbox makes senders wait, so a flood of answers slows
/// those who bring it and never grows without end.
actor Inbox<Item: Sendable> {
  private let capacity: Int
  private var items: [Item] = []
  private var senders: [CheckedContinuation<Void, Never>] = []
  private var receiver: CheckedContinuation<Void, Never>?
  private var isClosed = false

  init(capacity: Int) { self.capacity = capacity }

  /// Returns when the item is in, or when the inbox is closed.
  func send(_ item: Item) async {
    while items.count >= capacity, !isClosed {
      await withCheckedContinuation { senders.append($0) }
    }
    guard !isClosed else { return }
    items.append(item)
    wakeReceiver()
  }

  /// Everything that waits, oldest first; waits for the first item. Empty only when closed.
  func receiveAll() async -> [Item] {
    if items.isEmpty, !isClosed {
      await withCheckedContinuation { receiver = $0 }
    }
    let batch = items
    items = []
    wakeSenders()
    return batch
  }

  /// Lets every sender and the receiver go; later items are dropped.
  func close() {
    isClosed = true
    wakeReceiver()
    wakeSenders()
  }

  private func wakeReceiver() {
    receiver?.resume()
    receiver = nil
  }

  private func wakeSenders() {
    let waiting = senders
    senders = []
    for sender in waiting { sender.resume() }
  }
}

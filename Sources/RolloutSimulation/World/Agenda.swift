/// What will happen, by time; what was entered first comes first among equals. A binary heap.
struct Agenda {
  private struct Entry {
    var time: Int64
    var order: UInt64
    var act: () -> Void
  }

  private var heap: [Entry] = []
  private var entered: UInt64 = 0

  var nextTime: Int64? { heap.first?.time }

  mutating func add(at time: Int64, _ act: @escaping () -> Void) {
    entered += 1
    heap.append(Entry(time: time, order: entered, act: act))
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(child, parent) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  mutating func removeFirst() -> (time: Int64, act: () -> Void)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.time, first.act)
  }

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      let left = 2 * parent + 1
      if left < heap.count, isBefore(left, least) { least = left }
      if left + 1 < heap.count, isBefore(left + 1, least) { least = left + 1 }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    heap[a].time < heap[b].time || (heap[a].time == heap[b].time && heap[a].order < heap[b].order)
  }
}

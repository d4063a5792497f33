internal import Synchronization

/// A value that several tasks look at and change, one at a time.
final class Cell<Value: Sendable>: Sendable {
  private let value: Mutex<Value>

  init(_ value: Value) { self.value = Mutex(value) }

  func update<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
    value.withLock { value in change(&value) }
  }

  var current: Value { value.withLock { $0 } }
}

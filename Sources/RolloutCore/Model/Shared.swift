/// A large value that never changes, held once by all copies of what it belongs to.
package final class Shared<Value: Hashable & Sendable>: Hashable, Sendable {
  package let value: Value

  package init(_ value: Value) { self.value = value }

  package static func == (a: Shared, b: Shared) -> Bool { a === b || a.value == b.value }
  package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

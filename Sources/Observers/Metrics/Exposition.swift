/// One line of a Prometheus exposition.
public struct MetricSample: Hashable, Sendable {
  public var name: String
  /// Sorted by name, so that a series is the same whatever order a process writes its labels in.
  public var labels: [MetricLabel]
  public var value: Double
  /// Milliseconds since 1970, where the line gives one.
  public var timestamp: Int64?

  public init(name: String, labels: [MetricLabel] = [], value: Double, timestamp: Int64? = nil) {
    self.name = name
    self.labels = labels.sorted { $0.name < $1.name }
    self.value = value
    self.timestamp = timestamp
  }

  /// A missing label is an empty one, as in PromQL.
  public func label(_ name: String) -> String { labels.first { $0.name == name }?.value ?? "" }
}

public struct MetricLabel: Hashable, Sendable {
  public var name: String
  public var value: String
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// Where a text stops being an exposition.
public struct ExpositionError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Problem: String, Hashable, Sendable {
    case name = "no metric name"
    case labels = "labels not closed by }"
    case labelName = "no label name"
    case labelValue = "label value not in double quotes"
    case escape = "unknown escape in a label value"
    case value = "no number"
    case timestamp = "no timestamp in milliseconds"
    case trailing = "something after the value"
    case truncated = "cut off: the last line has no end"
  }

  /// Counted from 1.
  public var line: Int
  public var problem: Problem
  public init(line: Int, problem: Problem) {
    self.line = line
    self.problem = problem
  }
  public var description: String { "line \(line): \(problem.rawValue)" }
}

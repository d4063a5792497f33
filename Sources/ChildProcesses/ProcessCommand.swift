/// A program to start, without a shell in between.
public struct ProcessCommand: Hashable, Sendable {
  /// The program, then its arguments. A program without a slash is looked up in `PATH`.
  public var argv: [String]
  /// Changes to the environment of this process; nil removes a variable.
  public var environment: [String: String?]
  public var workingDirectory: String?

  public init(_ argv: [String], environment: [String: String?] = [:], workingDirectory: String? = nil) {
    self.argv = argv
    self.environment = environment
    self.workingDirectory = workingDirectory
  }

  /// What makes it impossible to start: the kernel's strings end at a NUL byte, so the rest would be lost silently.
  var refusal: ProcessFailure? {
    guard let program = argv.first, !program.isEmpty else {
      return .notStarted(detail: "an empty command: name a program")
    }
    let strings =
      argv + [workingDirectory ?? ""] + environment.keys.sorted()
      + environment.values.compactMap { $0 }
    if strings.contains(where: { $0.utf8.contains(0) }) {
      return .notStarted(detail: "a NUL byte in the command line or environment of \(program)")
    }
    if environment.keys.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "=")) }) {
      return .notStarted(detail: "a variable of \(program) whose name is empty or has = in it")
    }
    return nil
  }
}

/// How a process ended.
public enum ProcessStatus: Hashable, Sendable, CustomStringConvertible {
  case exited(Int32)
  case signaled(Int32)

  public var isSuccess: Bool { self == .exited(0) }

  public var description: String {
    switch self {
    case .exited(let code): "exit status \(code)"
    case .signaled(let signal): "signal \(signal)"
    }
  }
}

/// A process that ended by itself.
public struct ProcessResult: Hashable, Sendable {
  public var status: ProcessStatus
  /// The end of its standard output, at most the limit given.
  public var output: [UInt8]
  /// The end of its standard error, at most the limit given.
  public var errorOutput: [UInt8]
  /// True when the start of either is missing.
  public var isTruncated: Bool

  public init(status: ProcessStatus, output: [UInt8], errorOutput: [UInt8], isTruncated: Bool) {
    self.status = status
    self.output = output
    self.errorOutput = errorOutput
    self.isTruncated = isTruncated
  }
}

public enum ProcessFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// It never ran. `detail` says why.
  case notStarted(detail: String)
  /// It and everything in its process group were killed after the time limit.
  case timedOut(ProcessResult)
  /// The calling task was cancelled; it and everything in its process group were killed.
  case cancelled

  public var description: String {
    switch self {
    case .notStarted(let detail): detail
    case .timedOut: "killed at its time limit"
    case .cancelled: "cancelled"
    }
  }
}

/// What a process reads from its standard input.
public enum ProcessInput: Hashable, Sendable {
  case none
  case bytes([UInt8])
  /// The contents of a file, streamed.
  case file(String)
}

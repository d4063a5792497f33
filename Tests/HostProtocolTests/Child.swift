import Foundation
import Glibc

/// A child process with its standard input and output as pipes, no other descriptor, and every wait under a deadline.
/// (Foundation.Process waits for grandchildren too: they inherit the socket it watches.)
final class Child {
  let pid: pid_t
  private var input: Int32
  private var output: Int32
  private var errors: Int32
  private(set) var received: [UInt8] = []
  private var status: Int32?

  struct TimedOut: Error {}
  struct SpawnFailed: Error { var code: Int32 }

  init(_ argv: [String], environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    _ = ignoresBrokenPipes
    let pipes = try (0..<3).map { _ in try Self.pipe() }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, pipes[0].read, 0)
    posix_spawn_file_actions_adddup2(&actions, pipes[1].write, 1)
    posix_spawn_file_actions_adddup2(&actions, pipes[2].write, 2)
    // Closing what is not open is no error to glibc's posix_spawn.
    for descriptor: Int32 in 3..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    var words: [UnsafeMutablePointer<CChar>?] = argv.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var spawned: pid_t = 0
    let code = posix_spawnp(&spawned, argv[0], &actions, &attributes, &words, &variables)
    for descriptor in [pipes[0].read, pipes[1].write, pipes[2].write] { close(descriptor) }
    guard code == 0 else { throw SpawnFailed(code: code) }
    pid = spawned
    (input, output, errors) = (pipes[0].write, pipes[1].read, pipes[2].read)
  }

  deinit {
    if status == nil {
      kill()
      waitForExit()
    }
    closeInput()
    closeOutput()
    close(errors)
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [0, 0]
    guard Glibc.pipe(&ends) == 0 else { throw SpawnFailed(code: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// A reader that is gone is no error here: the child says why on its output.
  func write(_ bytes: [UInt8]) { Self.write(bytes, to: input) }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  /// Writes from a thread of its own, so that a child that answers before it has read all cannot block the test, and
  /// ends the input after it.
  func feed(_ bytes: [UInt8]) {
    let descriptor = input
    input = -1
    Thread {
      Self.write(bytes, to: descriptor)
      close(descriptor)
    }.start()
  }

  func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  func closeOutput() {
    if output >= 0 { close(output) }
    output = -1
  }

  func kill(_ signal: Int32 = SIGKILL) { _ = Glibc.kill(pid, signal) }

  @discardableResult
  func waitForExit() -> Int32 {
    if let status { return status }
    var raw: Int32 = 0
    while waitpid(pid, &raw, 0) < 0, errno == EINTR {}
    let code = raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + raw & 0x7f
    status = code
    return code
  }

  /// Reads on until `text` has come.
  func read(until text: String, seconds: Int = 60) throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !String(decoding: received, as: UTF8.self).contains(text) {
      guard try readSome(output, before: deadline, into: &received) else { return }
    }
  }

  /// Everything written to standard output until its end, and the exit status.
  @discardableResult
  func finish(seconds: Int = 60) throws -> (output: [UInt8], status: Int32) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try readSome(output, before: deadline, into: &received) {}
    return (received, waitForExit())
  }

  private func readSome(_ descriptor: Int32, before deadline: ContinuousClock.Instant, into bytes: inout [UInt8]) throws
    -> Bool
  {
    let left = (deadline - .now).components.seconds
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard left > 0, poll(&entry, 1, Int32(left) * 1000) > 0 else {
      kill()
      throw TimedOut()
    }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return false }
    bytes += buffer[..<count]
    return true
  }
}

private let ignoresBrokenPipes: Bool = {
  signal(SIGPIPE, SIG_IGN)
  return true
}()

/// Runs a program to its end and gives what it wrote.
@discardableResult
func run(_ argv: [String], input: [UInt8] = []) throws -> (output: [UInt8], status: Int32) {
  let child = try Child(argv)
  child.feed(input)
  return try child.finish()
}

/// Polls `condition` until it holds; false when it did not within the deadline.
func eventually(seconds: Int = 30, _ condition: () throws -> Bool) rethrows -> Bool {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < deadline {
    if try condition() { return true }
    _ = poll(nil, 0, 20)
  }
  return false
}

func isInstalled(_ program: String) -> Bool {
  ["/usr/bin/", "/bin/", "/usr/local/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + program) }
}

func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try run(["gzip", "-nc"], input: bytes).output }

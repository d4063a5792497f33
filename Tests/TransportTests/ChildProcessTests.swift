import ChildProcesses
import Glibc
import TestKit
import Testing

@Suite struct ChildProcessTests {
  private func run(
    _ script: String, stdin: ProcessInput = .none, timeout: Duration = .seconds(60), limit: Int = 64 * 1024
  ) async -> Result<ProcessResult, ProcessFailure> {
    await ChildProcess.run(ProcessCommand(["sh", "-c", script]), stdin: stdin, timeout: timeout, outputLimit: limit)
  }

  @Test func givesStatusAndBothOutputs() async throws {
    let result = try await run("echo out; echo err >&2; exit 3").get()
    #expect(result.status == .exited(3))
    #expect(result.output == Array("out\n".utf8))
    #expect(result.errorOutput == Array("err\n".utf8))
    #expect(try await run("kill -9 $$").get().status == .signaled(9))
  }

  @Test func keepsTheEndOfLongOutput() async throws {
    let result = try await run("i=0; while [ $i -lt 20000 ]; do echo line$i; i=$((i+1)); done", limit: 1000).get()
    #expect(result.isTruncated)
    #expect(result.output.count == 1000)
    #expect(String(decoding: result.output, as: UTF8.self).hasSuffix("line19999\n"))
  }

  @Test func outputNeedNotBeUTF8() async throws {
    #expect(try await run(#"printf '\377\000\200'"#).get().output == [255, 0, 128])
  }

  @Test func feedsBytesAndFiles() async throws {
    let megabyte = [UInt8](repeating: 7, count: 1 << 20)
    #expect(try await run("wc -c", stdin: .bytes(megabyte)).get().output.starts(with: "1048576".utf8))
    try await TemporaryDirectory.with { directory in
      let path = try directory.file("in", megabyte)
      #expect(try await run("wc -c", stdin: .file(path)).get().output.starts(with: "1048576".utf8))
      #expect(await isNotStarted(run("cat", stdin: .file(directory.path("missing")))))
      #expect(await isNotStarted(run("cat", stdin: .file(directory.path))))
    }
  }

  @Test func aChildThatStopsReadingDoesNoHarm() async throws {
    let much = [UInt8](repeating: 7, count: 4 << 20)
    for _ in 0..<20 {
      #expect(try await run("head -c 10 >/dev/null; exit 4", stdin: .bytes(much)).get().status == .exited(4))
    }
  }

  @Test func theTimeLimitEndsTheWholeGroup() async throws {
    try await TemporaryDirectory.with { directory in
      let file = directory.path("pid")
      let script =
        "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >\(file).new; mv \(file).new \(file); "
        + "while :; do sleep 100; done' & wait"
      let result = await run(script, timeout: .milliseconds(1500))
      guard case .failure(.timedOut(let partial)) = result else {
        Issue.record("no time limit: \(result)")
        return
      }
      #expect(partial.status == .signaled(9))
      let grandchild = try #require(contents(of: file).flatMap { Int32($0.split(separator: "\n")[0]) })
      #expect(await eventually { !isRunning(grandchild) })
    }
  }

  @Test func cancellingEndsTheGroup() async throws {
    try await TemporaryDirectory.with { directory in
      let file = directory.path("pid")
      let task = Task { await run("echo $$ >\(file).new; mv \(file).new \(file); sleep 100; :") }
      #expect(await eventually { contents(of: file) != nil })
      task.cancel()
      #expect(await task.value == .failure(.cancelled))
      let child = try #require(contents(of: file).flatMap { Int32($0.split(separator: "\n")[0]) })
      #expect(!isRunning(child))
    }
  }

  @Test func aGrandchildWithOpenPipesIsNotWaitedFor() async throws {
    let result = try await run("sleep 1000 & echo $!; exit 0").get()
    let grandchild = try #require(Int32(String(decoding: result.output, as: UTF8.self).split(separator: "\n")[0]))
    #expect(isRunning(grandchild))
    kill(grandchild, SIGKILL)
  }

  @Test func saysWhatCannotBeStarted() async {
    #expect(await isNotStarted(ChildProcess.run(ProcessCommand([]))))
    #expect(await isNotStarted(ChildProcess.run(ProcessCommand(["no-such-program-anywhere"]))))
    #expect(await isNotStarted(ChildProcess.run(ProcessCommand(["/no/such/program"]))))
    #expect(await isNotStarted(ChildProcess.run(ProcessCommand(["echo", "a\0b"]))))
    #expect(await isNotStarted(ChildProcess.run(ProcessCommand(["true"], workingDirectory: "/no/such/directory"))))
  }

  @Test func aProgramIsLookedUpInTheChildsPath() async throws {
    try await TemporaryDirectory.with { directory in
      try directory.directory("folder/tool")
      try directory.file("plain/tool", "#!/bin/sh\necho plain\n")
      let right = try directory.file("right/tool", "#!/bin/sh\necho right\n")
      try #require(chmod(right, 0o755) == 0)
      let path = ["missing", "folder", "plain", "right"].map { directory.path($0) }.joined(separator: ":")
      let result = try await ChildProcess.run(ProcessCommand(["tool"], environment: ["PATH": path])).get()
      #expect(result.output == Array("right\n".utf8))
    }
  }

  @Test func childrenInheritNothingButTheirPipes() async throws {
    let descriptor = open("/dev/null", O_RDONLY)
    defer { close(descriptor) }
    let result = try await run("ls /proc/$$/fd | sort -n | tr '\\n' ' '").get()
    #expect(String(decoding: result.output, as: UTF8.self).hasPrefix("0 1 2 "))
    #expect(!String(decoding: result.output, as: UTF8.self).split(separator: " ").contains { $0 == "\(descriptor)" })
  }

  @Test func theEnvironmentIsChangedNotReplaced() async throws {
    let command = ProcessCommand(
      ["sh", "-c", "echo ${CANARY_A-unset} ${PATH:+path} ${HOME-unset}"], environment: ["CANARY_A": "a b", "HOME": nil])
    let result = try await ChildProcess.run(command).get()
    #expect(String(decoding: result.output, as: UTF8.self) == "a b path unset\n")
  }

  @Test func manyAtOnceFitIntoTheDescriptors() async {
    await withTaskGroup(of: Bool.self) { group in
      for number in 0..<300 {
        group.addTask { (try? await run("exit \(number % 7)").get().status) == .exited(Int32(number % 7)) }
      }
      for await isRight in group { #expect(isRight) }
    }
  }

  @Test func aSessionIsTalkedToWhileItRuns() async throws {
    let session = try await ProcessSession.start(
      ProcessCommand(["sh", "-c", "while read l; do echo \"<$l>\"; done; echo bye; echo err >&2; exit 5"])
    ).get()
    #expect(await session.write(Array("one\n".utf8)))
    #expect(await session.read() == Array("<one>\n".utf8))
    #expect(await session.write(Array("two\n".utf8)))
    #expect(await session.read() == Array("<two>\n".utf8))
    await session.closeInput()
    #expect(await session.read() == Array("bye\n".utf8))
    #expect(await session.read() == nil)
    #expect(await session.end() == .exited(5))
    #expect(await session.errorOutput == Array("err\n".utf8))
    #expect(await session.write([1]) == false)
  }

  @Test func aFloodIsHeldBack() async throws {
    let session = try await ProcessSession.start(ProcessCommand(["sh", "-c", "yes"])).get()
    for _ in 0..<50 { #expect(await session.read() != nil) }
    await session.terminate(grace: .zero)
    #expect(await session.end() != nil)
  }

  private func isNotStarted(_ result: Result<ProcessResult, ProcessFailure>) -> Bool {
    if case .failure(.notStarted) = result { true } else { false }
  }
}

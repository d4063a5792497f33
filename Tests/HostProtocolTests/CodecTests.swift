import HostProtocol
import RolloutCore
import Testing

@Suite struct CodecTests {
  private static let greeting = "canary-host 1 boot\n"

  private func items(_ text: String) throws(HostStreamFailure) -> [HostStream.Item] {
    var stream = HostStream()
    return try stream.append(Array(text.utf8))
  }

  private func response(_ text: String) throws -> HostResponse {
    guard case .response(let response)? = try items(Self.greeting + text).last else {
      throw HostAnswerFailure.incomplete("no response in \(text)")
    }
    return response
  }

  @Test func skipsWhatALoginShellPrints() throws {
    var stream = HostStream()
    let text = "Welcome!\r\n\u{1b}[1mbash: warning\n\ncanary-bootstrap present\nmore\n" + Self.greeting
    #expect(try stream.append(Array(text.utf8)) == [.bootstrap(.present), .greeting(HostGreeting(bootID: "boot"))])
    #expect(stream.skipped == ["Welcome!", " [1mbash: warning", "", "more"])
    #expect(stream.isBetweenResponses)
  }

  @Test func readsInPiecesOfAnySize() throws {
    let text = Self.greeting + "status ok\nboot_id b\nfree_bytes 7\nend\nstatus succeeded\nend\n"
    let whole = try items(text)
    for size in 1...20 {
      var stream = HostStream()
      var found: [HostStream.Item] = []
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        found += try stream.append(rest.prefix(size))
        rest = rest.dropFirst(size)
      }
      #expect(found == whole)
    }
  }

  @Test func readsOutcomes() throws {
    #expect(try response("status succeeded\nend\n").outcome == .succeeded)
    #expect(
      try response("status failed\ndetail no\noutput_hex 610a62ff0a\nend\n").outcome
        == .failed(detail: "no; its output ends: a | b\u{fffd}"))
    #expect(try response("status refused\nfence 3 4\nend\n").outcome == .refused(current: Fence(epoch: 3, step: 4)))
    #expect(try response("status not_accepted\ndetail busy\nend\n").outcome == .notSent(detail: "busy"))
    for odd in ["status refused\nend\n", "status refused\nfence x y\nend\n", "status what\nend\n"] {
      guard case .unanswered = try response(odd).outcome else {
        Issue.record("\(odd) gave an outcome")
        continue
      }
    }
  }

  @Test func anAnswerIsTheOneToItsRequest() throws {
    let key = StepKey(rollout: "r", host: "h", step: .drain, attempt: 2)
    let command = HostCommand(
      key: key, fence: Fence(epoch: 3, step: 4), service: "s", directory: "/d",
      action: .run(argv: ["x"], timeout: .seconds(1)))
    let request = try HostRequest.perform(command)
    let question = try HostRequest.inspect(service: "s", directory: "/d", step: key)
    let check = try HostRequest.check(["x"], timeout: .seconds(1))
    let ours = try response("status succeeded\nend r/h/drain/2 3.4\n")
    #expect(ours.answers(request) && !ours.answers(question) && !ours.answers(check))
    for other in ["", " r/h/drain/1 3.4", " r/h/drain/2 3.5", " r/other/drain/2 3.4", " r/h/drain/2 ."] {
      #expect(try !response("status succeeded\nend\(other)\n").answers(request))
    }
    #expect(try response("status ok\nend r/h/drain/2 .\n").answers(question))
    #expect(try response("status ok\nend\n").answers(check))
  }

  @Test func readsReports() throws {
    let text = """
      status ok
      boot_id b-1
      free_bytes 123
      current 2.0
      release 1.0 aa
      release 2.0 bb
      fence 5 6
      step failed
      step_detail the drain command exited 3
      step_output_hex 776879
      end

      """
    let report = try response(text).report()
    #expect(
      report
        == HostReport(
          current: "2.0",
          releases: [.init(version: "1.0", digest: "aa"), .init(version: "2.0", digest: "bb")],
          fence: Fence(epoch: 5, step: 6), bootID: "b-1", freeBytes: 123,
          step: .finished(.failed(detail: "the drain command exited 3; its output ends: why"))))
    #expect(throws: HostAnswerFailure.refused("this host lacks: flock")) {
      try response("status failed\ndetail this host lacks: flock\nend\n").report()
    }
    #expect(throws: HostAnswerFailure.self) { try response("status ok\nboot_id b\nend\n").report() }
    #expect(throws: HostAnswerFailure.self) {
      try response("status ok\nboot_id b\nfree_bytes 1\nstep dancing\nend\n").report()
    }
  }

  @Test func refusesWhatIsNotTheProtocol() {
    #expect(throws: HostStreamFailure.otherProtocol("canary-host 2 b")) { try items("canary-host 2 b\n") }
    #expect(throws: HostStreamFailure.self) { try items(Self.greeting + "Broken pipe\n") }
    #expect(throws: HostStreamFailure.self) { try items(Self.greeting + "end\n") }
    #expect(throws: HostStreamFailure.lineTooLong) { try items(String(repeating: "x", count: 70_000)) }
    #expect(throws: HostStreamFailure.noGreeting) { try items(String(repeating: "motd\n", count: 10_001)) }
    #expect(throws: HostStreamFailure.responseTooLong) {
      try items(Self.greeting + String(repeating: "detail x\n", count: 10_001))
    }
  }

  @Test func aFailureLasts() {
    var stream = HostStream()
    #expect(throws: HostStreamFailure.self) { try stream.append(Array((Self.greeting + "???\n").utf8)) }
    #expect(throws: HostStreamFailure.self) { try stream.append(Array("status ok\nend\n".utf8)) }
  }

  @Test func refusesValuesThatCannotBeSent() {
    #expect(throws: InvalidRequest.self) { try HostRequest.check(["a\nb"], timeout: .seconds(1)) }
    #expect(throws: InvalidRequest.self) { try HostRequest.check(["a\0b"], timeout: .seconds(1)) }
    #expect(throws: InvalidRequest.self) { try HostRequest.inspect(service: "s\r\nrequest run", directory: "/srv") }
  }

  @Test func writesARequest() throws {
    let command = HostCommand(
      key: StepKey(rollout: "r", host: "h", step: .revertActivate, attempt: 2), fence: Fence(epoch: 3, step: 4),
      service: "s", directory: "/d",
      action: .activate(.init(version: "1", restart: ["a b", ""], timeout: .seconds(5))))
    let text = """
      request activate
      service s
      directory /d
      rollout r
      host h
      step revert-activate
      attempt 2
      epoch 3
      fence_step 4
      version 1
      timeout_ms 5000
      arg a b
      arg \("")
      end

      """
    #expect(String(decoding: try HostRequest.perform(command).bytes, as: UTF8.self) == text)
  }

  /// No input of any kind may trap: random bytes, and mutations of good answers.
  @Test(arguments: 0..<20) func takesAnyBytes(seed: UInt64) {
    var random = SplitMix(state: seed)
    let good = Array(
      (Self.greeting
        + "status ok\nboot_id b\nfree_bytes 9223372036854775808\nrelease 1 2\nfence 99999999999999999999 1\n"
        + "step failed\nstep_output_hex 0\u{ff10}1\nexit_status 99999999999\noutput_hex zz\nend\n").utf8)
    for _ in 0..<500 {
      var bytes = random.next() % 3 == 0 ? (0..<200).map { _ in UInt8(truncatingIfNeeded: random.next()) } : good
      for _ in 0..<(random.next() % 6) {
        let index = Int(random.next() % UInt64(bytes.count))
        switch random.next() % 3 {
        case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.insert(UInt8(ascii: "\n"), at: index)
        default: bytes.removeSubrange(index..<min(bytes.count, index + 3))
        }
        if bytes.isEmpty { bytes = [0] }
      }
      var stream = HostStream()
      for case .response(let response) in (try? stream.append(bytes)) ?? [] {
        _ = response.outcome
        _ = try? response.report()
        _ = try? response.checkResult()
      }
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

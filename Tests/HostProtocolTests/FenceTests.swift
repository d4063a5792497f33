import Foundation
import HostProtocol
import RolloutCore
import Testing

/// An answer that a step was not done, and who may do it after that.
@Suite struct FenceTests {
  private func touching(_ host: TestHost) -> HostCommand {
    host.command(.drain, .run(argv: ["touch", host.directory + "/ran"], timeout: .seconds(20)))
  }

  private func above(_ fence: Fence) -> Fence { Fence(epoch: fence.epoch, step: fence.step + 1) }

  @Test(arguments: HostShell.installed) func whatWasSaidToBeAbsentStaysAbsent(shell: HostShell) throws {
    let host = try TestHost(shell)
    let straggler = touching(host)
    let asker = above(straggler.fence)
    let report = try host.inspect(straggler.key, fence: asker)
    #expect(report.step == .absent && report.fence == asker)
    #expect(try host.perform(straggler) == .refused(current: asker))
    #expect(!host.exists("ran"))
    var successor = straggler
    successor.fence = above(asker)
    #expect(try host.perform(successor) == .succeeded)
    #expect(host.exists("ran"))
  }

  @Test func aPlainLookChangesNothing() throws {
    let host = try TestHost()
    let command = touching(host)
    #expect(try host.inspect(command.key).step == .absent)
    #expect(!host.exists(""))
    #expect(try host.perform(command) == .succeeded)
    #expect(try host.inspect(host.key(.undrain)).fence == command.fence)
  }

  @Test func aLowerAskerDoesNotLowerTheFence() throws {
    let host = try TestHost()
    host.epoch = 5
    let command = touching(host)
    #expect(try host.perform(command) == .succeeded)
    let report = try host.inspect(host.key(.undrain), fence: Fence(epoch: 4, step: 99))
    #expect(report.step == .absent && report.fence == command.fence)
    #expect(try host.inspect(command.key, fence: Fence(epoch: 9, step: 1)).step == .finished(.succeeded))
  }

  @Test(arguments: HostShell.installed) func anInterruptedStepIsNotDoneAgainByAStraggler(shell: HostShell) throws {
    let host = try TestHost(shell)
    try host.deploy("1.0")
    try run(["mkfifo", host.directory + "/there", host.directory + "/go"])
    let hook = ["sh", "-c", "echo ran >>../../count; echo >../../there; read -r x <../../go"]
    let command = host.command(.drain, .run(argv: hook, timeout: .seconds(60)))
    let child = try host.start()
    child.write(try HostRequest.perform(command).bytes)
    try run(["cat", host.directory + "/there"])
    child.kill()
    child.waitForExit()
    let asker = above(command.fence)
    #expect(try host.inspect(command.key, fence: asker).step == .running)
    try run(["sh", "-c", "echo >\"$1\"", "sh", host.directory + "/go"])
    #expect(try host.inspect(command.key, fence: asker, wait: .seconds(30)).step == .interrupted)
    #expect(try host.perform(command) == .refused(current: asker))
    #expect(host.text("count") == "ran\n")
  }

  /// A request that waits for the lock acts before the answer or not at all.
  @Test func aRequestThatWaitsForTheLockIsNotOvertaken() throws {
    let host = try TestHost()
    try host.deploy("1.0")
    try run(["mkfifo", host.directory + "/there", host.directory + "/go"])
    let slow = host.activation("1.0", attempt: 2, restart: ["sh", "-c", "echo >../../there; read -r x <../../go"])
    let holder = try host.start()
    holder.feed(try HostRequest.perform(slow).bytes)
    try run(["cat", host.directory + "/there"])
    let command = touching(host)
    let straggler = try host.start()
    straggler.feed(try HostRequest.perform(command).bytes)
    #expect(try host.inspect(command.key, fence: above(command.fence)).step == .running)
    try run(["sh", "-c", "echo >\"$1\"", "sh", host.directory + "/go"])
    let said = try host.inspect(command.key, fence: above(command.fence), wait: .seconds(30)).step
    let outcome = try TestHost.responses(in: straggler.finish().output).map(\.outcome)
    if said == .absent {
      #expect(outcome == [.refused(current: above(command.fence))] && !host.exists("ran"))
    } else {
      #expect(said == .finished(.succeeded) && outcome == [.succeeded])
    }
    #expect(try TestHost.responses(in: holder.finish().output).map(\.outcome) == [.succeeded])
  }

  @Test(arguments: HostShell.installed) func oneEpochIsOfOneRollout(shell: HostShell) throws {
    let host = try TestHost(shell)
    let first = touching(host)
    #expect(try host.perform(first) == .succeeded)
    var other = host.command(.undrain, .run(argv: ["touch", host.directory + "/other"], timeout: .seconds(20)))
    other.key.rollout = "r-of-another-journal"
    #expect(try host.perform(other) == .refused(current: first.fence))
    #expect(try host.inspect(other.key, fence: above(other.fence)).fence == first.fence)
    #expect(!host.exists("other"))
    let next = host.command(.undrain, .run(argv: ["true"], timeout: .seconds(20)))
    #expect(try host.perform(next) == .succeeded)
    other.fence.epoch += 1
    #expect(try host.perform(other) == .succeeded)
  }

  @Test func readsAFenceWithoutARollout() throws {
    let host = try TestHost()
    #expect(try host.perform(touching(host)) == .succeeded)
    try host.write("7 3\n", to: ".canary/fence")
    #expect(try host.inspect().fence == Fence(epoch: 7, step: 3))
    host.rollout = "r-2"
    var command = touching(host)
    command.fence = Fence(epoch: 7, step: 2)
    #expect(try host.perform(command) == .refused(current: Fence(epoch: 7, step: 3)))
    command.fence.step = 4
    #expect(try host.perform(command) == .succeeded)
    #expect(host.text(".canary/fence") == "7 4\nr-2\n")
  }
}

import Foundation
import RolloutCore
import Testing

@Suite struct CodingTests {
  @Test func everyEventOfEveryRecordedRolloutSurvivesTheJournal() throws {
    let (encoder, decoder) = (JSONEncoder(), JSONDecoder())
    var kinds: Set<String> = []
    for story in Story.all {
      var world = story.world()
      world.isThorough = false
      world.run()
      world.offer(.stopping(reason: "SIGTERM"))
      var read: [(event: Event, at: Timestamp)] = []
      for (event, at) in world.journal {
        kinds.insert(event.kind)
        let event2 = try decoder.decode(Event.self, from: encoder.encode(event))
        #expect(event2 == event)
        read.append((event2, try decoder.decode(Timestamp.self, from: encoder.encode(at))))
      }
      #expect(try Rollout.replay(read) == world.rollout)
    }
    #expect(kinds == Self.allKinds, "\(kinds.symmetricDifference(Self.allKinds).sorted())")
  }

  @Test func anEventOfALaterVersionIsAnErrorAndNoTrap() {
    let unknown = Data(#"{"hostTeleported":{"host":1}}"#.utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Event.self, from: unknown) }
  }

  @Test func everyLengthOfTimeCanBeWritten() {
    #expect(TimeSpan(milliseconds: .min).description.hasPrefix("-2562047788015h"))
    #expect(TimeSpan.seconds(-90).description == "-1m30s")
    #expect(TimeSpan(milliseconds: 1500).description == "1.5s")
    #expect(TimeSpan.zero.description == "0s")
  }

  private static let allKinds: Set<String> = [
    "planned", "controllerTookOver", "controllerStopped", "clocksShifted", "waveStarted", "stepIntended",
    "stepFinished", "stepFailed", "stepDeferred", "stepQuestioned", "stepReissued", "questionRepeated",
    "healthChanged", "hostVerified", "hostFailed", "burnInStarted", "verdictReached", "burnInExtended", "wavePassed",
    "approvalAwaited", "baselineStarted", "baselineEnded", "soakStarted", "paused", "resumed", "promoted",
    "hostSkipped", "retried", "abortRequested", "halted",
    "rollbackStarted", "stuck", "ended",
  ]
}

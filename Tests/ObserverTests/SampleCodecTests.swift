import CanaryJudge
import ImmuneSystem
import RolloutCore
import RolloutEngine
import Testing

@testable import Observers

@Suite struct SampleCodecTests {
  static func random(_ generator: inout SplitMix) -> Double {
    let value = Double(bitPattern: generator.next())
    return value.isFinite ? value.magnitude : Double(generator.next() % 1_000_000) / 7
  }

  static func look(_ generator: inout SplitMix) -> Sample {
    let bounds = [0.1, 1 / 3, 2.5, .infinity]
    let histogram = Histogram(
      upperBounds: bounds,
      buckets: [.init(index: 0, count: random(&generator)), .init(index: 3, count: random(&generator))])
    let other = Histogram(upperBounds: [1, .infinity], buckets: [])
    return .look(
      Look(
        at: Timestamp(milliseconds: Int64(generator.next() % 1_000_000)), duration: .seconds(5),
        checks: [
          CheckLook(
            check: 0,
            readings: [
              .counts(events: random(&generator), exposure: random(&generator)), .missing,
              .gauge(-random(&generator)), .histogram(histogram), .histogram(other), .histogram(histogram),
            ],
            gaps: [Gap(position: 1, kind: .error, detail: "GET http://a/\"b\": 500 ä\u{1}")]),
          CheckLook(
            check: 3, readings: [.missing, .missing, .missing, .missing, .missing, .missing],
            gaps: Gap.Kind.allCases.enumerated().map { Gap(position: $0, kind: $1) }),
        ]))
  }

  /// By bits: `==` would take zeros of either sign for each other.
  static func bits(_ sample: Sample) -> [UInt64] {
    guard case .look(let look) = sample else { return [] }
    return look.checks.flatMap(\.readings).flatMap { reading -> [UInt64] in
      switch reading {
      case .missing: []
      case .gauge(let value): [value.bitPattern]
      case .counts(let events, let exposure): [events.bitPattern, exposure.bitPattern]
      case .histogram(let histogram): (histogram.upperBounds + histogram.buckets.map(\.count)).map(\.bitPattern)
      }
    }
  }

  @Test func `samples come back with the same bits`() throws {
    var generator = SplitMix(seed: 3)
    for sequence in 0..<500 {
      let sample = Self.look(&generator)
      let record = try SampleCodec.encode(sample, sequence: sequence, at: Timestamp(milliseconds: 1))
      let back = try SampleCodec.decode(record)
      #expect(back == sample && Self.bits(back) == Self.bits(sample))
    }
    let segment = Sample.segment(
      Segment(
        number: -4, stage: .soak, hosts: [4, 7, 9], arms: [.updated, .out, .sibling],
        refusals: [.init(check: 1, detail: "no such selector")]))
    #expect(try SampleCodec.decode(SampleCodec.encode(segment, sequence: 0, at: Timestamp(milliseconds: 0))) == segment)
  }

  @Test(arguments: [
    "", "{}", "[]", "null", #"{"s":{}}"#, #"{"s":{"number":1,"stage":"comparison","hosts":[1],"arms":"us"}}"#,
    #"{"s":{"number":1,"stage":"comparison","hosts":[1],"arms":"x"}}"#, #"{"l":{"at":1,"for":-1,"c":[]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[1,2]]}]}}"#, #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[1,-2,3]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[9]]}]}}"#, #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[3,0]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"u":[[1,null]],"r":[[3,0,7,1]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"u":[[1,null]],"r":[[3,0,1]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"u":[[1,null]],"r":[[3,0.5,1,1]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"u":[[2,1]],"r":[[3,0,1,1]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"u":[[1,null]],"r":[[3,0,1,1,0,1]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[2,1e999]]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[]],"g":[{"p":1,"k":"error"}]}]}}"#,
    #"{"l":{"at":1,"for":1,"c":[{"i":0,"r":[[]],"g":[{"p":0,"k":"bored"}]}]}}"#,
  ])
  func `damage is a typed error that names the sample`(payload: String) {
    let record = SampleRecord(sequence: 17, at: Timestamp(milliseconds: 0), payload: payload)
    let damage = #expect(throws: SampleCodec.Damage.self) { try SampleCodec.decode(record) }
    #expect(damage?.sequence == 17)
  }

  @Test func `cut off and overwritten payloads never trap`() throws {
    var generator = SplitMix(seed: 8)
    let record = try SampleCodec.encode(Self.look(&generator), sequence: 0, at: Timestamp(milliseconds: 0))
    let payload = Array(record.payload.utf8)
    for _ in 0..<2_000 {
      var bytes = payload
      bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      let cut = bytes.prefix(Int(generator.next() % UInt64(bytes.count + 1)))
      for text in [String(decoding: bytes, as: UTF8.self), String(decoding: cut, as: UTF8.self)] {
        _ = try? SampleCodec.decode(SampleRecord(sequence: 0, at: Timestamp(milliseconds: 0), payload: text))
      }
    }
  }
}

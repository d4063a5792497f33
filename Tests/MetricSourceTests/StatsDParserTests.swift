import RolloutCore
import Testing

@testable import Observers

@Suite struct StatsDParserTests {
  typealias Line = StatsDLine

  func line(_ text: String) -> Line? { StatsDParser.line(Array(text.utf8)[...]) }

  @Test func `lines of every type`() {
    #expect(line("requests:1|c") == Line(name: "requests", value: .counter(1)))
    #expect(line("requests:-2|c") == Line(name: "requests", value: .counter(-2)))
    #expect(line("requests:3|c|@0.1") == Line(name: "requests", value: .counter(3), sampleRate: 0.1))
    #expect(line("took:320|ms|@0.5") == Line(name: "took", value: .timer([320]), sampleRate: 0.5))
    #expect(line("took:0.25|h") == Line(name: "took", value: .timer([0.25])))
    #expect(line("took:1:2:3.5|d") == Line(name: "took", value: .timer([1, 2, 3.5])))
    #expect(line("depth:333|g") == Line(name: "depth", value: .gauge(333)))
    #expect(line("depth:+4|g") == Line(name: "depth", value: .gaugeChange(4)))
    #expect(line("depth:-10|g") == Line(name: "depth", value: .gaugeChange(-10)))
    #expect(line("users:a:b|s") == Line(name: "users", value: .member("a:b")))
    #expect(line("size:1e3|h")?.value == .timer([1000]))
  }

  @Test func `tags, and fields that say nothing of the value`() {
    let tagged = line("requests:1|c|@0.5|#instance:web1,env:prod,canary,url:http://x|c:ci-123|T1700000000")
    #expect(tagged?.sampleRate == 0.5)
    let tags: [Line.Tag] = [
      .init(name: "instance", value: "web1"), .init(name: "env", value: "prod"), .init(name: "canary", value: ""),
      .init(name: "url", value: "http://x"),
    ]
    #expect(tagged?.tags == tags)
  }

  @Test(arguments: [
    "requests", "requests:", ":1|c", "requests:1", "requests:1|", "requests:1|x", "requests:|c", "requests:x|c",
    "requests:nan|c", "requests:inf|c", "requests:0x10|c", "requests:1e999|c", "requests: 1|c", "requests:1|c|@0",
    "requests:1|c|@2", "requests:1|c|@-1", "requests:1|c|@", "took:-1|ms", "took:1:|ms", "took:1:x|ms", "e:+|g",
    "requests:1e308:1e308|c", "|||", "\u{0}", "requests:11111111111111111111111111111111111|c",
  ])
  func `no line`(_ text: String) {
    #expect(line(text) == nil)
  }

  @Test func `several lines in a datagram, and what is none is counted`() {
    var names: [String] = []
    let text = "a:1|c\n\nb:2|ms\r\nbroken\n_e{5,4}:title|text\n_sc|db|0\nc:3|g\n"
    let malformed = StatsDParser.lines(in: Array(text.utf8)) { names.append($0.name) }
    #expect(names == ["a", "b", "c"] && malformed == 1)
  }

  @Test func `bytes at random are lines or none, and never more than there are`() {
    var random = Random(seed: 7)
    let alphabet = Array("a:1|c\n|@#,msgdh+-.eE0\r_{\u{fe}\u{0}".utf8)
    for _ in 0..<5000 {
      let bytes = (0..<Int(random.below(80))).map { _ in alphabet[Int(random.below(UInt64(alphabet.count)))] }
      var taken = 0
      let malformed = StatsDParser.lines(in: bytes) { line in
        taken += 1
        #expect(line.sampleRate > 0 && line.sampleRate <= 1 && !line.name.isEmpty)
        if case .counter(let value) = line.value { #expect(value.isFinite) }
        if case .timer(let values) = line.value { #expect(values.allSatisfy { $0 >= 0 && $0.isFinite }) }
      }
      #expect(taken + malformed <= bytes.split(separator: UInt8(ascii: "\n")).count)
    }
  }

  @Test func `a good line with a byte changed is still no trap, and one cut short loses nothing before it`() {
    var random = Random(seed: 11)
    let good = Array("first:1|c\nrequests:12|c|@0.25|#instance:web1,env:prod".utf8)
    for length in 0...good.count {
      var names: [String] = []
      _ = StatsDParser.lines(in: Array(good[..<length])) { names.append($0.name) }
      if length >= 9 { #expect(names.first == "first") }
    }
    for _ in 0..<5000 {
      var bytes = good
      bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
      _ = StatsDParser.lines(in: bytes) { _ in }
    }
  }

  @Test func `every value is in the bucket whose edges hold it`() {
    let edges = TimerBounds.edges
    var values: [Double] = [0, 1e300, 320, 0.1]
    for edge in edges.dropLast() { values += [edge, edge.nextDown, edge.nextUp] }
    var random = Random(seed: 3)
    for _ in 0..<1000 { values.append(Double(random.below(1 << 40)) / 1e4) }
    for value in values {
      let bucket = Int(TimerBounds.bucket(of: value))
      #expect(value <= edges[bucket])
      if bucket > 0 { #expect(value > edges[bucket - 1]) }
    }
    #expect(edges.last == .infinity && zip(edges, edges.dropFirst()).allSatisfy { $0 < $1 })
  }

  @Test func `sampled sums carry the information of what was sent`() {
    var sum = SampledSum()
    _ = sum.add(30, sampledAt: 0.1)
    _ = sum.add(10, sampledAt: 0.1)
    #expect(sum == SampledSum(value: 40, rate: 0.1))
    // 100 unsampled events are as much as 10 of those.
    _ = sum.add(100, sampledAt: 1)
    #expect(sum == SampledSum(value: 50, rate: 0.1))
    _ = sum.add(1, sampledAt: 0.05)
    #expect(sum == SampledSum(value: 26, rate: 0.05))
  }
}

/// SplitMix64.
struct Random {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func below(_ bound: UInt64) -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return (z ^ (z >> 31)) % bound
  }
}

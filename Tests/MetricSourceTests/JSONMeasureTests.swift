import CanaryJudge
import RolloutCore
import Testing

@testable import Observers

/// What documents say, without programs or servers.
@Suite struct JSONMeasureTests {
  static let instances = ["web1", "web2"].map { Instance(id: HostID($0), address: "\($0).example.net") }

  /// Documents five seconds apart.
  struct Desk {
    var desk: JSONDesk
    var now = Timestamp(milliseconds: 1_700_000_000_000)

    init(_ measure: CheckPolicy.Measure, isCumulative: Bool = true) throws {
      desk = JSONDesk(
        [.success(try JSONCheck(measure, isCumulative: isCumulative))], instances: JSONMeasureTests.instances,
        interval: .seconds(5))
    }

    /// What the first instance showed.
    mutating func read(_ text: String) -> Observation {
      now = now + .seconds(5)
      guard let document = JSONValue(Array(text.utf8)) else { return .none(ReadingProblem(.error, detail: "not JSON")) }
      return desk.observe([.success(document)], at: now)[0][0]
    }
  }

  static func counts(_ events: Double, _ exposure: Double) -> Observation {
    .measured(.counts(events: events, exposure: exposure))
  }

  @Test func `counts that go on are compared with those before`() throws {
    var desk = try Desk(.ratio(events: "/{id}/failed", total: "/{id}/orders"))
    #expect(desk.read(#"{"web1": {"failed": 3, "orders": 100}}"#) == .first)
    #expect(desk.read(#"{"web1": {"failed": 5, "orders": 150}}"#) == Self.counts(2, 50))
    #expect(desk.read(#"{"web1": {"failed": 5, "orders": 150}}"#) == Self.counts(0, 0))
  }

  @Test func `counts that began again are all new, and corrected ones are none`() throws {
    var desk = try Desk(.ratio(events: "/failed", total: "/orders"))
    #expect(desk.read(#"{"failed": 30, "orders": 1000}"#) == .first)
    #expect(desk.read(#"{"failed": 1, "orders": 20}"#) == Self.counts(1, 20))
    let grown = desk.read(#"{"failed": 4, "orders": 1020}"#)
    #expect(grown == Self.counts(3, 1000))
    let corrected = desk.read(#"{"failed": 2, "orders": 1050}"#)
    #expect(corrected.problem?.kind == .error)
    #expect(
      corrected.problem?.detail
        == "a count fell from 4 to 2; counts that only grow are expected, or cumulative: false")
    #expect(desk.read(#"{"failed": 3, "orders": 1060}"#) == Self.counts(1, 10))
    #expect(desk.read(#"{"failed": 3, "orders": 1059}"#).problem?.kind == .error)
  }

  @Test func `counts of each run are taken as they are`() throws {
    var desk = try Desk(.ratio(events: "/failed", total: "/orders"), isCumulative: false)
    #expect(desk.read(#"{"failed": 3, "orders": 100}"#) == Self.counts(3, 100))
    #expect(desk.read(#"{"failed": 1, "orders": 50}"#) == Self.counts(1, 50))
    var rate = try Desk(.rate("/orders"), isCumulative: false)
    #expect(rate.read(#"{"orders": 10}"#) == .first, "since when is not known")
    #expect(rate.read(#"{"orders": 10}"#) == Self.counts(10, 5))
  }

  @Test func `a rate is per second since the last good document`() throws {
    var desk = try Desk(.share("/requests"))
    #expect(desk.read(#"{"requests": 10}"#) == .first)
    #expect(desk.read(#"{"requests": 60}"#) == Self.counts(50, 5))
    #expect(desk.read(#"{"requests": null}"#).problem?.kind == .noData)
    #expect(desk.read(#"{"requests": 160}"#) == Self.counts(100, 10))
  }

  @Test(arguments: [
    ("{}", ReadingProblem.Kind.noData), (#"{"orders": null}"#, .noData), (#"{"orders": -1}"#, .error),
    (#"{"orders": "5"}"#, .error), (#"{"orders": true}"#, .error), (#"{"orders": {}}"#, .error),
    (#"{"orders": []}"#, .error), (#"{"orders": 1e999}"#, .error), (#"{"orders": NaN}"#, .error), ("", .error),
    ("[1]", .noData), ("5", .noData), ("null", .noData),
  ])
  func `nothing is never zero`(_ text: String, _ kind: ReadingProblem.Kind) throws {
    var desk = try Desk(.rate("/orders"))
    #expect(desk.read(text).problem?.kind == kind)
  }

  @Test func `levels may be below zero and fall`() throws {
    var desk = try Desk(.gauge("/queues/1/depth"))
    #expect(desk.read(#"{"queues": [{}, {"depth": -4.5}]}"#) == .measured(.gauge(-4.5)))
    #expect(desk.read(#"{"queues": [{}, {"depth": 1}]}"#) == .measured(.gauge(1)))
    #expect(desk.read(#"{"queues": [{}]}"#).problem?.detail == "nothing at /queues/1/depth")
  }

  @Test func `histograms by upper edge, as an object or as pairs`() throws {
    var desk = try Desk(.histogram(name: "/took", quantiles: [0.9]))
    #expect(desk.read(#"{"took": {"0.1": 5, "1": 8, "+Inf": 9}}"#) == .first)
    let object = desk.read(#"{"took": {"0.1": 15, "1": 18, "+Inf": 20}}"#)
    let expected = Histogram(
      upperBounds: [0.1, 1, .infinity], buckets: [.init(index: 0, count: 10), .init(index: 2, count: 1)])
    #expect(object == .measured(.histogram(expected)))
    let pairs = desk.read(#"{"took": [[0.1, 25], [1, 28], ["+Inf", 31]]}"#)
    #expect(pairs == .measured(.histogram(expected)))
    #expect(desk.read(#"{"took": {"0.5": 25, "+Inf": 31}}"#) == .first, "other buckets are another histogram")
    let restarted = desk.read(#"{"took": {"0.5": 2, "+Inf": 3}}"#)
    #expect(
      restarted
        == .measured(
          .histogram(
            Histogram(upperBounds: [0.5, .infinity], buckets: [.init(index: 0, count: 2), .init(index: 1, count: 1)]))))
  }

  @Test(arguments: [
    #"{"0.1": 5}"#, #"{"0.1": 5, "+Inf": 4}"#, #"{"x": 5, "+Inf": 6}"#, #"{"nan": 5, "+Inf": 6}"#,
    #"{"0.1": -5, "+Inf": 6}"#, #"{"0.1": "5", "+Inf": 6}"#, #"[[0.1, 5, 6], ["+Inf", 7]]"#, "[1, 2]", "5", "{}", "[]",
    #"[[0.1, 5], [0.1, 5], ["+Inf", 9]]"#,
  ])
  func `no histogram`(_ text: String) throws {
    var desk = try Desk(.histogram(name: "/took", quantiles: [0.9]))
    #expect(desk.read("{\"took\": \(text)}").problem?.kind == .error)
  }

  @Test func `a document that says its time is stale when it is old, and the same again is nothing new`() throws {
    var desk = try Desk(.rate("/orders"))
    let first = Timestamp(milliseconds: 1_700_000_004_000)
    #expect(desk.read(#"{"at": 1700000004, "orders": 10}"#) == .first)
    #expect(desk.read(#"{"at": 1700000004, "orders": 10}"#) == .pending)
    // Its own time counts: ten seconds from the first to this.
    #expect(desk.read(#"{"at": "2023-11-14T22:13:34Z", "orders": 30}"#) == Self.counts(20, 10).since(first))
    #expect(desk.read(#"{"at": 1700000013, "orders": 30}"#).problem?.kind == .stale)
    #expect(desk.read(#"{"at": 1700000024, "orders": 30}"#) == Self.counts(0, 10).since(first + .seconds(10)))
    desk.now = desk.now + .minutes(2)
    let old = desk.read(#"{"at": 1700000030000, "orders": 40}"#)
    #expect(old.problem?.kind == .stale && old.problem?.detail == "a document 120 s old, by its member at")
    #expect(desk.read(#"{"at": "gate 5", "orders": 50}"#) == Self.counts(20, 131))
  }

  @Test func `documents that are renewed at different moments are compared when all are new`() throws {
    let check = try JSONCheck(.ratio(events: "/bad", total: "/all"), isCumulative: true)
    var desk = JSONDesk([.success(check)], instances: Self.instances, interval: .seconds(5))
    let start = Timestamp(milliseconds: 1_700_000_000_000)
    func read(_ second: Int64, _ documents: (at: Int, all: Int)...) -> [Observation] {
      let values = documents.map { document in
        JSONValue(Array(#"{"at": \#(1_700_000_000 + document.at), "bad": 0, "all": \#(document.all)}"#.utf8))
      }
      return desk.observe(values.compactMap { $0.map(Result.success) }, at: start + .seconds(second))[0]
    }
    #expect(read(5, (at: 0, all: 100), (at: 4, all: 100)) == [.first, .first])
    #expect(read(10, (at: 9, all: 200), (at: 4, all: 100)) == [.pending, .pending])
    #expect(
      read(15, (at: 9, all: 200), (at: 14, all: 260))
        == [Self.counts(0, 100).since(start), Self.counts(0, 160).since(start + .seconds(4))])
    // One that is renewed no more holds the other up until it is stale.
    #expect(read(20, (at: 19, all: 300), (at: 14, all: 260)) == [.pending, .pending])
    let late = read(80, (at: 79, all: 900), (at: 14, all: 260))
    #expect(late[0] == Self.counts(0, 700).since(start + .seconds(9)) && late[1].problem?.kind == .stale)
  }

  @Test func `a label with a slash leads nowhere else`() throws {
    let instance = Instance(id: "web1", address: "a", labels: [.init(name: "path", value: "a/b~c")])
    let pointer = try #require(JSONPointer("/{path}/n"))
    let place = JSONPlace(pointer, instance)
    #expect(place.tokens == ["a/b~c", "n"] && place.text == "/a~1b~0c/n")
    #expect(try place.number(in: .object(["a/b~c": .object(["n": .number(3)])])) == 3)
  }

  @Test func `a hundred thousand brackets are no document`() {
    #expect(JSONValue(Array(repeating: UInt8(ascii: "["), count: 100_000)) == nil)
    #expect(JSONValue(Array("{\"a\": 1} {\"a\": 2}".utf8)) == nil)
    #expect(JSONValue([0xff, 0xfe, 0x00]) == nil)
  }
}

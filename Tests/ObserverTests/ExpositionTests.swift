import Testing

@testable import Observers

@Suite struct ExpositionTests {
  func parse(_ text: String, named: [String]? = nil) throws(ExpositionError) -> [MetricSample] {
    try ExpositionParser.samples(in: Array(text.utf8), named: named)
  }

  /// The example of the format's own description.
  static let example = #"""
    # HELP http_requests_total The total number of HTTP requests.
    # TYPE http_requests_total counter
    http_requests_total{method="post",code="200"} 1027 1395066363000
    http_requests_total{method="post",code="400"}    3 1395066363000

    # Escaping in label values:
    msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9

    # Minimalistic line:
    metric_without_timestamp_and_labels 12.47

    # A weird metric from before the epoch:
    something_weird{problem="division by zero"} +Inf -3982045

    http_request_duration_seconds_bucket{le="0.05"} 24054
    http_request_duration_seconds_bucket{le="+Inf",} 144320
    http_request_duration_seconds_sum 53423
    http_request_duration_seconds_count 144320
    rpc:duration_seconds { quantile = "0.01" } NaN

    """#

  @Test func `the documented example`() throws {
    let samples = try parse(Self.example)
    #expect(samples.count == 10)
    #expect(
      samples[0]
        == MetricSample(
          name: "http_requests_total",
          labels: [MetricLabel(name: "method", value: "post"), MetricLabel(name: "code", value: "200")], value: 1027,
          timestamp: 1_395_066_363_000))
    #expect(samples[2].label("path") == #"C:\DIR\FILE.TXT"#)
    #expect(samples[2].label("error") == "Cannot find file:\n\"FILE.TXT\"")
    #expect(samples[2].value == 1_458_255_915 && samples[2].label("missing") == "")
    #expect(samples[3].value == 12.47)
    #expect(samples[4].value == .infinity && samples[4].timestamp == -3_982_045)
    #expect(samples[6].label("le") == "+Inf")
    #expect(samples[9].name == "rpc:duration_seconds" && samples[9].value.isNaN)
  }

  @Test func `only the wanted names are kept, all lines are checked`() throws {
    #expect(try parse(Self.example, named: ["something_weird", "metric_without"]).map(\.name) == ["something_weird"])
    #expect(throws: ExpositionError(line: 2, problem: .value)) { try parse("a 1\nb x\n", named: ["a"]) }
    #expect(try parse("") == [] && parse("\n \n#\n") == [])
  }

  @Test(arguments: [
    ("a 1\nb{x=\"1\" 2\n", 2, ExpositionError.Problem.labels), ("{x=\"1\"} 2\n", 1, .name),
    ("a{1=\"x\"} 2\n", 1, .labelName),
    ("a{x=1} 2\n", 1, .labelValue), ("a{x=\"1} 2\n", 1, .labelValue), ("a{x=\"\\d\"} 2\n", 1, .escape),
    ("a{x=\"\\", 1, .truncated), ("a\n", 1, .value), ("a 1 b\n", 1, .timestamp), ("a 1 2 3\n", 1, .trailing),
    ("a 1\na 1", 2, .truncated), ("a{", 1, .truncated), ("a{\n", 1, .labels), ("a 1_000\n", 1, .value),
    ("<html>\n", 1, .name), ("a{x=\"1\",,} 2\n", 1, .labelName),
    ("a 99999999999999999999 9999999999999999999999\n", 1, .timestamp),
  ])
  func `mistakes`(text: String, line: Int, problem: ExpositionError.Problem) {
    #expect(throws: ExpositionError(line: line, problem: problem)) { try parse(text) }
  }

  @Test func `values`() throws {
    for (text, value) in [("0", 0), ("-1", -1), ("123456789012345", 123_456_789_012_345), ("1e3", 1000), ("0x1p3", 8)] {
      #expect(try parse("a \(text)\n")[0].value == Double(value), "\(text)")
    }
    #expect(try parse("a 1234567890123456789\n")[0].value == 1.2345678901234568e18)
  }

  @Test(arguments: 0..<20) func `random bytes never trap`(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let alphabet = Array("ab_{}=\",\\n \t\n#0123456789.eE+-NaInf:\u{ff}\u{0}".utf8)
    let whole = Array(Self.example.utf8)
    for _ in 0..<300 {
      var bytes = (0..<Int(random.next() % 60)).map { _ in alphabet[Int(random.next() % UInt64(alphabet.count))] }
      _ = try? ExpositionParser.samples(in: bytes)
      bytes = whole
      for _ in 0..<4 { bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next()) }
      _ = try? ExpositionParser.samples(in: bytes)
      _ = try? ExpositionParser.samples(in: Array(whole[..<Int(random.next() % UInt64(whole.count))]))
    }
  }
}

@Suite struct CounterTests {
  /// Counter resets by definition: the growth is new − old, or new after a reset; nothing for a missing scrape.
  @Test func `growth with resets and gaps`() {
    let raw: [Double?] = [100, 140, 190, 12, 40, 40, nil, 75]
    var reader = CounterReader()
    let growth = raw.map { value in
      value.flatMap { reader.growth(to: [MetricSample(name: "a", value: $0)])?.first?.delta }
    }
    #expect(growth == [nil, 40, 50, 12, 28, 0, nil, 35])
  }

  @Test func `a series that appears began at zero, whatever the order of its labels`() {
    var reader = CounterReader()
    let ok = MetricSample(
      name: "a", labels: [.init(name: "code", value: "200"), .init(name: "m", value: "x")], value: 5)
    #expect(reader.growth(to: [ok]) == nil)
    let swapped = MetricSample(
      name: "a", labels: [.init(name: "m", value: "x"), .init(name: "code", value: "200")], value: 7)
    let bad = MetricSample(name: "a", labels: [.init(name: "code", value: "500")], value: 3)
    #expect(reader.growth(to: [swapped, bad])?.map(\.delta) == [2, 3])
  }
}

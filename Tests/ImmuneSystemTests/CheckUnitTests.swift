import ImmuneSystem
import RolloutCore
import Testing

@Suite struct CheckUnitTests {
  @Test func unitsComeFromTheMeasureAndTheName() {
    func unit(_ measure: CheckPolicy.Measure, _ source: MetricSource = .scrape("http://{host}/m")) -> CheckUnit {
      CheckUnit(CheckPolicy(name: "x", source: source, measure: measure))
    }
    #expect(unit(.ratio(events: "a", total: "b")) == .share)
    #expect(unit(.share("a_total")) == .perSecond)
    #expect(unit(.rate("orders_total")) == .perSecond)
    #expect(unit(.rate("sent_bytes_total{nic=\"eth0\"}")) == .bytesPerSecond)
    #expect(unit(.histogram(name: "http_request_duration_seconds", quantiles: [])) == .seconds)
    #expect(unit(.histogram(name: "rpc_ms", quantiles: [])) == .milliseconds)
    #expect(unit(.histogram(name: "answer.time", quantiles: [])) == .plain)
    #expect(unit(.histogram(name: "answer.time", quantiles: []), .statsd(StatsDSource(listen: "x"))) == .milliseconds)
    #expect(unit(.gauge("process_resident_memory_bytes")) == .bytes)
    #expect(unit(.gauge("queue_length")) == .plain)
  }

  @Test func valuesAreShownInTheirUnit() {
    let cases: [(CheckUnit, Double, String)] = [
      (.share, 0.0072, "0.72 %"), (.share, 1, "100 %"), (.seconds, 0.243, "243 ms"), (.seconds, 1.25, "1.25 s"),
      (.seconds, 0.00004, "40 µs"), (.seconds, 0, "0 s"), (.seconds, 0.9999, "1 s"), (.milliseconds, 1500, "1.5 s"),
      (.bytes, 412_500_000, "413 MB"), (.bytes, 12, "12 B"), (.bytesPerSecond, 2048, "2.05 kB/s"),
      (.perSecond, 48, "48/s"), (.plain, 3.1, "3.1"), (.bytes, 999_900, "1 MB"),
    ]
    for (unit, value, text) in cases { #expect(unit.text(value) == text) }
    for unit in CheckUnit.allCases { for value in [nil, Double.nan, .infinity] { #expect(unit.text(value) == "–") } }
  }
}

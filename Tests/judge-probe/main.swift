import CanaryJudge
import Foundation
import JudgeProtocol

// Runs whole recorded burn-ins through the judge, for Benchmarks/judge: on stdin, per stream, the length and text of
// its `start` message, [ticks, seconds before the deploy], and the arrays of the bench's generator as raw
// little-endian bytes; on stdout one line each: tick of the halt, tick of the first pass (−1 for none), the check
// blamed.

struct Input {
  let handle = FileHandle.standardInput

  func bytes(_ count: Int) -> Data? {
    var data = Data()
    while data.count < count {
      guard let more = try? handle.read(upToCount: count - data.count), !more.isEmpty else { return nil }
      data.append(more)
    }
    return data
  }

  func array<T: BitwiseCopyable>(_ count: Int, of: T.Type) -> [T]? {
    guard let data = bytes(count * MemoryLayout<T>.stride) else { return nil }
    return data.withUnsafeBytes { raw in
      (0..<count).map { raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self) }
    }
  }
}

struct Stream {
  var requests, errors, business, restarts: [Int32]
  var memory: [Float]
  var offsets: [Int64]
  var buckets: [Int16]

  init?(_ input: Input, cells: Int) {
    guard let n = input.array(cells, of: Int32.self), let e = input.array(cells, of: Int32.self),
      let c = input.array(cells, of: Int32.self), let r = input.array(cells, of: Int32.self),
      let m = input.array(cells, of: Float.self), let o = input.array(cells + 1, of: Int64.self),
      let b = input.array(Int(o[cells]), of: Int16.self)
    else { return nil }
    (requests, errors, business, restarts, memory, offsets, buckets) = (n, e, c, r, m, o, b)
  }

  func report(_ cell: Int) -> InstanceReport {
    var report = InstanceReport()
    report.requests = Double(requests[cell])
    report.errors = Double(errors[cell])
    report.business = Double(business[cell])
    report.restarts = Double(restarts[cell])
    report.memory = (Double(memory[cell]) * 1000).rounded() / 1000
    let sorted = buckets[Int(offsets[cell])..<Int(offsets[cell + 1])].sorted()
    for bucket in sorted {
      if let last = report.latency.indices.last, report.latency[last].index == Int32(bucket) {
        report.latency[last].count += 1
      } else {
        report.latency.append(Histogram.Bucket(index: Int32(bucket), count: 1))
      }
    }
    return report
  }
}

func run(_ start: StreamStart, _ stream: Stream, ticks: Int, before: Int, bounds: [Double]) throws -> String {
  var judge = Judge(rules: try start.rules())
  var (halt, passed, blame) = (-1, -1, "")
  for tick in 0..<ticks where halt < 0 {
    let reports = (0..<start.instances).map { stream.report(tick * start.instances + $0) }
    let time = tick - before
    judge.record(try start.tick(reports, time: Double(time), isBeforeDeploy: time < 0, bounds: bounds))
    switch judge.ruling {
    case .halt(let check, _): (halt, blame) = (time, start.blame(judge, check))
    case .pass where passed < 0: passed = time
    default: break
    }
  }
  return "\(halt) \(passed) \(blame)"
}

if CommandLine.arguments.dropFirst().first == "cost" {
  Cost.run()
  exit(0)
}

let input = Input()
while let length = input.array(1, of: Int64.self) {
  guard let text = input.bytes(Int(length[0])), let sizes = input.array(2, of: Int64.self) else { break }
  let start = try StreamStart([UInt8](text))
  let ticks = Int(sizes[0])
  guard let stream = Stream(input, cells: ticks * start.instances) else { break }
  print(try run(start, stream, ticks: ticks, before: Int(sizes[1]), bounds: start.upperBounds))
  fflush(nil)
}

internal import Glibc

/// libFuzzer's entry: the target is named in the environment, since one binary holds all of them.
private let chosen: FuzzTarget = {
  let name = getenv("CANARY_FUZZ_TARGET").map { String(cString: $0) } ?? ""
  guard let target = FuzzTarget.named(name) else {
    fail("CANARY_FUZZ_TARGET is `\(name)`; it is one of \(FuzzTarget.all.map(\.name).joined(separator: ", "))", 64)
  }
  return target
}()

/// Symbol that libFuzzer looks for.
@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let target = chosen
  let begin = processorMilliseconds()
  do throws(Violation) { try target.check(Array(UnsafeBufferPointer(start: bytes, count: count))) } catch {
    fail("\(target.name): \(error)", nil)
  }
  let spent = processorMilliseconds() - begin
  if spent > target.milliseconds { fail("\(target.name): \(spent) ms of CPU time for \(count) bytes", nil) }
  return 0
}

private func processorMilliseconds() -> Int {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}

/// Ends the process with `status`, or so that libFuzzer keeps the input.
private func fail(_ message: String, _ status: CInt?) -> Never {
  let line = "violation: \(message)\n"
  _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
  if let status { _exit(status) }
  abort()
}

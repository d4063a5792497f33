internal import Dispatch
internal import Glibc

/// A bound UDP socket whose datagrams are handed over as they come, on a queue of its own. `close` ends it, or its last
/// reference.
final class DatagramSocket: Sendable {
  private let descriptor: Int32
  // Its functions may be called from any thread, which the library does not say in its types.
  private nonisolated(unsafe) let source: any DispatchSourceRead
  private let queue: DispatchQueue
  private let life = DispatchGroup()

  /// The longest datagram that UDP carries.
  private static let longestDatagram = 1 << 16

  struct Failure: Error, Hashable, Sendable, CustomStringConvertible { var description: String }

  /// `receiveBuffer` is the room wanted in the kernel for bursts, in bytes; it may give less (`net.core.rmem_max`).
  init(
    _ address: ListenAddress, receiveBuffer: Int32, received: @escaping @Sendable ([UInt8]) -> Void
  ) throws(Failure) {
    let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
    guard descriptor >= 0 else { throw Failure(description: Self.advice(errno, address)) }
    var size = receiveBuffer
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    if address.isIPv6 {
      // The unspecified address is for both families.
      var isOnlyIPv6: Int32 = 0
      setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &isOnlyIPv6, socklen_t(MemoryLayout<Int32>.size))
    }
    guard address.withSocketAddress({ bind(descriptor, $0, $1) }) == 0 else {
      let code = errno
      Glibc.close(descriptor)
      throw Failure(description: Self.advice(code, address))
    }
    self.descriptor = descriptor
    queue = DispatchQueue(label: "statsd \(address.text)")
    source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
    source.setEventHandler { Self.drain(descriptor, received) }
    life.enter()
    source.setCancelHandler { [life] in
      Glibc.close(descriptor)
      life.leave()
    }
    source.activate()
  }

  deinit { source.cancel() }

  /// Returns when the address is free again.
  func close() async {
    source.cancel()
    await withCheckedContinuation { continuation in life.notify(queue: queue) { continuation.resume() } }
  }

  /// Datagrams that the kernel threw away since the socket was bound, for want of room; nil where it does not say.
  var drops: Int? {
    guard !source.isCancelled else { return nil }
    var figures = [UInt32](repeating: 0, count: Self.memoryFigures)
    var length = socklen_t(figures.count * MemoryLayout<UInt32>.size)
    let code = getsockopt(descriptor, SOL_SOCKET, Self.memoryInformation, &figures, &length)
    guard code == 0, Int(length) == figures.count * MemoryLayout<UInt32>.size else { return nil }
    return Int(figures[Self.memoryFigures - 1])
  }

  /// `SO_MEMINFO` of linux/socket.h, and its fields up to `SK_MEMINFO_DROPS`.
  private static let memoryInformation: Int32 = 55
  private static let memoryFigures = 9

  /// Reads until nothing is left, but not for ever: the queue serves its cancellation between two turns.
  private static func drain(_ descriptor: Int32, _ received: ([UInt8]) -> Void) {
    withUnsafeTemporaryAllocation(byteCount: longestDatagram, alignment: 1) { buffer in
      for _ in 0..<4096 {
        let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        // An error such as a refused reply of a port is over once read; what stays shows again.
        guard count >= 0 else { return }
        received(Array(buffer[..<count]))
      }
    }
  }

  private static func advice(_ code: Int32, _ address: ListenAddress) -> String {
    let advice =
      switch code {
      case EADDRINUSE: "something else listens there; end it (`ss -ulnp` names it) or choose another port"
      case EADDRNOTAVAIL: "no address of this machine; `ip address` lists them, 0.0.0.0 is all of them"
      case EACCES: "ports below 1024 are for root; choose a higher one"
      case EMFILE, ENFILE: "no file descriptors left; raise `ulimit -n`"
      case EAFNOSUPPORT: "this machine has no IPv6; listen on an IPv4 address"
      default: String(cString: strerror(code))
      }
    return "listening on \(address.text): \(advice)"
  }
}

import Dispatch
import Glibc

/// True as soon as `condition` is, looked at again every few milliseconds; false when it did not hold within `limit`.
/// No thread is held while it waits.
public func eventually(
  within limit: Duration = .seconds(30), isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async rethrows -> Bool {
  let deadline = ContinuousClock.now + limit
  while true {
    if try await condition() { return true }
    if ContinuousClock.now >= deadline { return false }
    await pause(milliseconds: 5)
  }
}

private func pause(milliseconds: Int) async {
  await withCheckedContinuation { continuation in
    DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { continuation.resume() }
  }
}

/// Ports on 127.0.0.1 that nobody listens on.
public enum FreePort {
  private static let given = Given()

  /// A port that was free a moment ago and that was not given before by this process. Whoever uses it must be ready to
  /// find it taken by another process and to ask again.
  public static func next(_ kind: Kind = .tcp) async throws -> Int {
    for _ in 0..<100 {
      guard let port = unused(kind) else { break }
      if await given.insert(port) { return port }
    }
    throw FixtureFailure("no free port")
  }

  public enum Kind: Sendable { case tcp, udp }

  private actor Given {
    private var ports: Set<Int> = []
    func insert(_ port: Int) -> Bool { ports.insert(port).inserted }
  }

  private static func unused(_ kind: Kind) -> Int? {
    let type = kind == .tcp ? SOCK_STREAM : SOCK_DGRAM
    let descriptor = socket(AF_INET, Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    return isNamed ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }
}

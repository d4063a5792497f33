import ChildProcesses
import Foundation
import TestKit

/// A client that asks every instance again and again from outside, and counts how many were down at once.
actor Hammer {
  private var isUp: [Bool]
  private(set) var mostDown = 0
  private(set) var answers: [Int]
  private var isStopped = false

  init(_ count: Int) {
    isUp = [Bool](repeating: true, count: count)
    answers = [Int](repeating: 0, count: count)
  }

  /// Runs `body` while every instance is being asked. Each must answer once before it begins.
  static func against(_ fleet: Fleet, _ body: () async throws -> Void) async throws -> Hammer {
    let hammer = Hammer(fleet.instances.count)
    let clients = fleet.instances.indices.map { index in
      let port = fleet.instances[index].port
      return Task.detached {
        while await !hammer.isStopped { await hammer.saw(index, up: isServing(port)) }
      }
    }
    _ = await eventually { await hammer.answers.allSatisfy { $0 > 0 } }
    await hammer.forget()
    do {
      try await body()
    } catch {
      await hammer.stop()
      throw error
    }
    await hammer.stop()
    for client in clients { await client.value }
    return hammer
  }

  private func stop() { isStopped = true }

  private func forget() {
    mostDown = 0
    answers = answers.map { _ in 0 }
  }

  private func saw(_ index: Int, up: Bool) {
    isUp[index] = up
    if up { answers[index] += 1 }
    mostDown = max(mostDown, isUp.count { !$0 })
  }
}

/// One plain HTTP request over a new connection; true when the answer is 200. Blocks its thread for at most 5 seconds.
func isServing(_ port: Int) async -> Bool {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread { continuation.resume(returning: requestOnce(port)) }
  }
}

private func requestOnce(_ port: Int) -> Bool {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  guard descriptor >= 0 else { return false }
  defer { close(descriptor) }
  var limit = timeval(tv_sec: 5, tv_usec: 0)
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = UInt16(port).bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  let isConnected = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
  guard isConnected else { return false }
  let request = Array("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
  guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return false }
  var buffer = [UInt8](repeating: 0, count: 64)
  let count = recv(descriptor, &buffer, buffer.count, 0)
  return count > 12 && String(decoding: buffer[..<count], as: UTF8.self).hasPrefix("HTTP/1.1 200")
}

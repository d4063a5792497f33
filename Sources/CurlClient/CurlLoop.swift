internal import CCurl
internal import Glibc

/// The one thread that owns the multi handle and every easy handle. Other threads only put into its inbox.
final class CurlLoop: @unchecked Sendable {
  enum Command {
    case add(Transfer)
    case cancel(Transfer)
    case stop
  }

  private let inbox = Locked<[Command]>([])
  private let poller: Int32
  private let wake: Int32
  private let multi: UnsafeMutableRawPointer

  // Below: the loop's thread only.
  private var active: [UnsafeMutableRawPointer: Transfer] = [:]
  private var idle: [UnsafeMutableRawPointer] = []
  /// Milliseconds of the monotonic clock at which the library wants to be called; nil for never.
  private var timer: Int64?
  private var isStopping = false

  private static let maxIdleHandles = 64

  init(maxConnections: Int) throws(CurlFailure) {
    guard CurlLoop.isReady else { throw .unusable(detail: "libcurl cannot be initialised") }
    poller = epoll_create1(Int32(EPOLL_CLOEXEC))
    wake = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    guard poller >= 0, wake >= 0, let multi = curl_multi_init() else {
      if poller >= 0 { close(poller) }
      if wake >= 0 { close(wake) }
      throw .unusable(detail: "no file descriptors left for HTTP; raise `ulimit -n`")
    }
    self.multi = multi
    ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maxConnections)
    watch(wake, EPOLLIN.rawValue)
  }

  /// Once per process, whoever comes first.
  private static let isReady = ccurl_global_init() == CURLE_OK

  func start() throws(CurlFailure) {
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        ccurl_block_signals()
        Unmanaged<CurlLoop>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard code == 0 else {
      Unmanaged.passUnretained(self).release()
      release()
      throw .unusable(detail: "no thread left for HTTP: \(String(cString: strerror(code)))")
    }
    pthread_detach(thread)
  }

  func post(_ command: Command) {
    let wasEmpty = inbox.with { inbox in
      inbox.append(command)
      return inbox.count == 1
    }
    if wasEmpty { eventfd_write(wake, 1) }
  }

  private func run() {
    let user = Unmanaged.passUnretained(self).toOpaque()
    ccurl_multi_on_socket(multi, { _, fd, what, user, _ in CurlLoop.from(user)?.socketChanged(fd, what) ?? -1 }, user)
    ccurl_multi_on_timer(multi, { _, timeout, user in CurlLoop.from(user)?.timerChanged(timeout) ?? -1 }, user)
    var events = [epoll_event](repeating: epoll_event(), count: 64)
    while !isStopping {
      let count = Int(epoll_wait(poller, &events, Int32(events.count), pollTimeout()))
      for event in events.prefix(max(0, count)) { handle(event) }
      fireTimer()
      obey()
      collect()
    }
    release()
  }

  private static func from(_ user: UnsafeMutableRawPointer?) -> CurlLoop? {
    user.map { Unmanaged<CurlLoop>.fromOpaque($0).takeUnretainedValue() }
  }
}

// What the library asks for.
extension CurlLoop {
  private func socketChanged(_ fd: Int32, _ what: Int32) -> Int32 {
    if what == CURL_POLL_REMOVE {
      var unused = epoll_event()
      epoll_ctl(poller, EPOLL_CTL_DEL, fd, &unused)
      return 0
    }
    let reads = what == CURL_POLL_IN || what == CURL_POLL_INOUT
    let writes = what == CURL_POLL_OUT || what == CURL_POLL_INOUT
    watch(fd, (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0))
    return 0
  }

  private func watch(_ fd: Int32, _ mask: UInt32) {
    var event = epoll_event(events: mask, data: epoll_data_t(fd: fd))
    if epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event) != 0 { epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) }
  }

  private func timerChanged(_ milliseconds: Int) -> Int32 {
    timer = milliseconds < 0 ? nil : Self.now() + Int64(milliseconds)
    return 0
  }

  private func pollTimeout() -> Int32 {
    guard let timer else { return -1 }
    return Int32(clamping: max(0, timer - Self.now()))
  }

  private func fireTimer() {
    guard let due = timer, due <= Self.now() else { return }
    timer = nil
    act(CURL_SOCKET_TIMEOUT, 0)
  }

  private func handle(_ event: epoll_event) {
    guard event.data.fd != wake else {
      var count: eventfd_t = 0
      eventfd_read(wake, &count)
      return
    }
    var what: Int32 = 0
    if event.events & EPOLLIN.rawValue != 0 { what |= CURL_CSELECT_IN }
    if event.events & EPOLLOUT.rawValue != 0 { what |= CURL_CSELECT_OUT }
    if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { what |= CURL_CSELECT_ERR }
    act(event.data.fd, what)
  }

  private func act(_ fd: curl_socket_t, _ what: Int32) {
    var running: Int32 = 0
    curl_multi_socket_action(multi, fd, what, &running)
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}

// What callers ask for.
extension CurlLoop {
  private func obey() {
    let commands = inbox.with { inbox in
      defer { inbox = [] }
      return inbox
    }
    for command in commands {
      switch command {
      case .add(let transfer): add(transfer)
      case .cancel(let transfer): end(transfer, with: .failure(.cancelled))
      case .stop: isStopping = true
      }
    }
  }

  private func add(_ transfer: Transfer) {
    guard !transfer.cancelled.with({ $0 }) else { return transfer.finish(.failure(.cancelled)) }
    guard let easy = idle.popLast() ?? curl_easy_init() else {
      return transfer.finish(.failure(.unusable(detail: "out of memory")))
    }
    active[easy] = transfer
    if let failure = transfer.configure(easy) { return end(transfer, with: .failure(failure)) }
    let code = curl_multi_add_handle(multi, easy)
    guard code == CURLM_OK else {
      let detail = String(cString: curl_multi_strerror(code))
      return end(transfer, with: .failure(.unusable(detail: "libcurl takes no more requests: \(detail)")))
    }
  }

  private func collect() {
    var easy: UnsafeMutableRawPointer?
    var code = CURLE_OK
    while ccurl_next_done(multi, &easy, &code) == 1 {
      guard let easy, let transfer = active[easy] else { continue }
      end(transfer, with: transfer.result(of: code))
    }
  }

  /// Takes the transfer out and answers its caller. Nothing happens for one that ended before.
  private func end(_ transfer: Transfer, with result: Result<CurlResponse, CurlFailure>) {
    guard let easy = transfer.easy, active.removeValue(forKey: easy) != nil else { return }
    curl_multi_remove_handle(multi, easy)
    transfer.easy = nil
    if idle.count < Self.maxIdleHandles {
      curl_easy_reset(easy)
      idle.append(easy)
    } else {
      curl_easy_cleanup(easy)
    }
    curl_slist_free_all(transfer.headerList)
    transfer.headerList = nil
    transfer.finish(result)
  }

  private func release() {
    for transfer in Array(active.values) { end(transfer, with: .failure(.cancelled)) }
    for easy in idle { curl_easy_cleanup(easy) }
    curl_multi_cleanup(multi)
    close(poller)
    close(wake)
  }
}

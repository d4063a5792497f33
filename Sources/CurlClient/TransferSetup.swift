internal import CCurl

extension Transfer {
  /// Sets every option of a fresh or reset handle. A refused option is an answer, never ignored.
  func configure(_ easy: UnsafeMutableRawPointer) -> CurlFailure? {
    self.easy = easy
    var setup = OptionSetter(easy: easy)
    setup.long(CURLOPT_NOSIGNAL, 1)
    // A timed-out transfer must not wait for its resolver thread: that would stall every other transfer.
    setup.long(CURLOPT_QUICK_EXIT, 1)
    setup.string(CURLOPT_PROXY, "")
    setup.string(CURLOPT_PROTOCOLS_STR, "http,https")
    setup.long(CURLOPT_FOLLOWLOCATION, 0)
    switch task {
    case .request(let request): request.configure(&setup, for: self)
    case .connect(let url, let timeout):
      setup.string(CURLOPT_URL, url.text)
      setup.long(CURLOPT_CONNECT_ONLY, 1)
      setup.long(CURLOPT_FRESH_CONNECT, 1)
      setup.long(CURLOPT_TIMEOUT_MS, max(1, timeout))
      setup.long(CURLOPT_CONNECTTIMEOUT_MS, max(1, timeout))
    }
    return setup.failure
  }
}

extension CurlRequest {
  fileprivate func configure(_ setup: inout OptionSetter, for transfer: Transfer) {
    setup.string(CURLOPT_URL, url.text)
    switch method {
    case .get: setup.long(CURLOPT_HTTPGET, 1)
    case .head: setup.long(CURLOPT_NOBODY, 1)
    case .post: post(&setup, for: transfer)
    }
    setup.long(CURLOPT_TIMEOUT_MS, max(1, timeout))
    setup.long(CURLOPT_CONNECTTIMEOUT_MS, max(1, connectTimeout))
    if !reusesConnections {
      setup.long(CURLOPT_FRESH_CONNECT, 1)
      setup.long(CURLOPT_FORBID_REUSE, 1)
    }
    // With a CA directory set the parsed bundle is not cached: 30 ms of CPU for each new TLS connection instead of 1.5.
    setup.string(CURLOPT_CAPATH, nil)
    if let caFile { setup.string(CURLOPT_CAINFO, caFile) }
    setup.string(CURLOPT_USERAGENT, "canary")
    for header in headers { transfer.append(header, &setup) }
    if let list = transfer.headerList { setup.headers(list) }
    let user = Unmanaged.passUnretained(transfer).toOpaque()
    setup.pointer(CURLOPT_WRITEDATA, user)
    setup.pointer(CURLOPT_HEADERDATA, user)
    setup.data(CURLOPT_WRITEFUNCTION) { bytes, size, count, user in
      Transfer.received(bytes, size * count, user) { $0.take(body: $1) }
    }
    setup.data(CURLOPT_HEADERFUNCTION) { bytes, size, count, user in
      Transfer.received(bytes, size * count, user) { $0.take(header: $1) }
    }
  }
}

extension CurlRequest {
  /// The body is sent at once: a server that does not know `Expect: 100-continue` would cost a second.
  private func post(_ setup: inout OptionSetter, for transfer: Transfer) {
    setup.long(CURLOPT_POSTFIELDSIZE, body.count)
    setup.bytes(CURLOPT_COPYPOSTFIELDS, body)
    if let list = curl_slist_append(transfer.headerList, "Expect:") { transfer.headerList = list }
  }
}

extension Transfer {
  fileprivate func append(_ header: CurlHeader, _ setup: inout OptionSetter) {
    let line = header.value.isEmpty ? "\(header.name);" : "\(header.name): \(header.value)"
    guard !header.name.isEmpty, line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }),
      let list = curl_slist_append(headerList, line)
    else { return setup.refuse("header \(header.name.debugDescription) cannot be sent: control characters") }
    headerList = list
  }

  /// Anything but `length` makes the library stop the transfer.
  fileprivate static func received(
    _ bytes: UnsafeMutablePointer<CChar>?, _ length: Int, _ user: UnsafeMutableRawPointer?,
    _ take: (Transfer, UnsafeRawBufferPointer) -> Bool
  ) -> Int {
    guard let user else { return 0 }
    let transfer = Unmanaged<Transfer>.fromOpaque(user).takeUnretainedValue()
    return take(transfer, UnsafeRawBufferPointer(start: bytes, count: length)) ? length : 0
  }
}

/// Sets options until the first that is refused.
struct OptionSetter {
  let easy: UnsafeMutableRawPointer
  private(set) var failure: CurlFailure?

  init(easy: UnsafeMutableRawPointer) { self.easy = easy }

  mutating func long(_ option: CURLoption, _ value: Int) { check(option, ccurl_set_long(easy, option, value)) }
  mutating func string(_ option: CURLoption, _ value: String?) {
    check(option, value.map { ccurl_set_string(easy, option, $0) } ?? ccurl_set_string(easy, option, nil))
  }
  /// For options that copy the bytes; their number is set before.
  mutating func bytes(_ option: CURLoption, _ value: [UInt8]) {
    var value = value.isEmpty ? [0] : value
    let code = value.withUnsafeMutableBytes { ccurl_set_pointer(easy, option, $0.baseAddress) }
    check(option, code)
  }
  mutating func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
    check(option, ccurl_set_pointer(easy, option, value))
  }
  mutating func data(_ option: CURLoption, _ callback: @escaping ccurl_data_callback) {
    check(option, ccurl_set_data_callback(easy, option, callback))
  }
  mutating func headers(_ list: UnsafeMutablePointer<curl_slist>) {
    check(CURLOPT_HTTPHEADER, ccurl_set_headers(easy, list))
  }
  mutating func refuse(_ detail: String) { failure = failure ?? .unusable(detail: detail) }

  private mutating func check(_ option: CURLoption, _ code: CURLcode) {
    guard code != CURLE_OK else { return }
    refuse("libcurl option \(option.rawValue) refused: \(String(cString: curl_easy_strerror(code)))")
  }
}

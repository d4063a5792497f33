internal import CCurl
internal import Glibc

extension Transfer {
  /// What the library's code means for the caller.
  func result(of code: CURLcode) -> Result<CurlResponse, CurlFailure> {
    guard code == CURLE_OK else { return .failure(failure(of: code)) }
    return .success(response(status: number(CURLINFO_RESPONSE_CODE)))
  }

  private func failure(of code: CURLcode) -> CurlFailure {
    if let exceededLimit { return .tooLarge(limit: exceededLimit) }
    switch code {
    case CURLE_COULDNT_RESOLVE_HOST: return .resolve(host: url.host)
    case CURLE_OPERATION_TIMEDOUT: return .timedOut(milliseconds: effectiveTimeout)
    case CURLE_COULDNT_CONNECT:
      let error = Int32(truncatingIfNeeded: number(CURLINFO_OS_ERRNO))
      if error == ECONNREFUSED { return .refused }
      return .unreachable(
        detail: error == 0 ? "the host does not answer" : String(cString: strerror(error)).lowercased())
    case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_SSL_CERTPROBLEM, CURLE_SSL_INVALIDCERTSTATUS,
      CURLE_SSL_ISSUER_ERROR:
      return .tls(detail: "the handshake failed; is the port a TLS one, and of a version both sides speak?")
    case CURLE_PEER_FAILED_VERIFICATION: return .tls(detail: verificationDetail)
    case CURLE_SSL_CACERT_BADFILE:
      return .unusable(detail: "CA file \(caFile) cannot be read; check its path and content")
    case CURLE_GOT_NOTHING: return .malformed(detail: "the connection was closed without an answer")
    case CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, CURLE_SEND_ERROR:
      return .malformed(detail: "the connection broke off")
    case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_HTTP2_STREAM,
      CURLE_BAD_CONTENT_ENCODING:
      return .malformed(detail: "the server does not speak HTTP as expected")
    case CURLE_OUT_OF_MEMORY: return .unusable(detail: "out of memory")
    default: return .unusable(detail: String(cString: curl_easy_strerror(code)).lowercased())
    }
  }

  private var url: CurlURL {
    switch task {
    case .request(let request): request.url
    case .connect(let url, _): url
    }
  }

  private var caFile: String {
    if case .request(let request) = task { return request.caFile ?? "of the system" }
    return ""
  }

  /// The limit that ran out: the connection's own where no connection came about.
  private var effectiveTimeout: Int {
    switch task {
    case .connect(_, let timeout): return timeout
    case .request(let request):
      let wasSent = number(CURLINFO_REQUEST_SIZE) > 0
      return wasSent ? request.timeout : min(request.timeout, request.connectTimeout)
    }
  }

  private var verificationDetail: String {
    let code = number(CURLINFO_SSL_VERIFYRESULT)
    // X509_V_ERR_* numbers of OpenSSL. The name is compared before the library notes a result, so 0 or its initial 1
    // with a failed verification means that the name did not match.
    switch code {
    case 0, 1: return "the certificate is for another name than \(url.host)"
    case 9: return "the certificate is not valid yet"
    case 10: return "the certificate has expired"
    case 18, 19, 20, 21: return "the certificate is not signed by a trusted authority"
    default: return "the certificate cannot be verified (code \(code))"
    }
  }

  private func number(_ info: CURLINFO) -> Int {
    var value = 0
    guard let easy, ccurl_get_long(easy, info, &value) == CURLE_OK else { return 0 }
    return value
  }
}

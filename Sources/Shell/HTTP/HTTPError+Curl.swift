import CCurl

extension HTTPError {
    /// What a transfer's end means for its request.
    ///
    /// `wasSent`: some of the request had been written. `hasResponse`: some of the response had come. `detail`: libcurl's
    /// own text, which names the address.
    init(_ code: CURLcode, wasSent: Bool, hasResponse: Bool, detail: String) {
        let message = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        self.init(Kind(code, wasSent: wasSent, hasResponse: hasResponse), message: message)
    }
}

extension HTTPError.Kind {
    init(_ code: CURLcode, wasSent: Bool, hasResponse: Bool) {
        switch code {
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge
        // Of an HTTP/2 connection that ends libcurl says the same, whether the response had begun or not.
        case CURLE_PARTIAL_FILE: self = hasResponse ? .truncated : .connectionLost
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY,
            CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_INTERFACE_FAILED:
            self = wasSent ? .connectionLost : .connect
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_OUT_OF_MEMORY:
            // A peer that does not speak HTTP/1.1 is reported as an unsupported protocol as well.
            self = wasSent ? .connectionLost : .invalidRequest
        default: self = .connectionLost
        }
    }
}

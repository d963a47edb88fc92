import CCurl

/// An absolute URL, taken apart once for all requests to it.
///
/// libcurl 7.88 takes a URL that it is given as text apart for each transfer, and puts it together again: a tenth of the
/// instructions of an exchange. What it has taken apart before, it copies.
public final class HTTPURL: Sendable {
    public let text: String
    /// Nil when libcurl cannot take it apart; given the text, its transfers fail and say why.
    ///
    /// Not changed after `init`, so that any thread may read it.
    nonisolated(unsafe) let parts: OpaquePointer?
    let isLocal: Bool

    /// `text`: already percent-encoded; sent byte for byte.
    public init(_ text: String) {
        self.text = text
        isLocal = ProxyBypass.applies(to: text)
        let parts = curl_url()
        let isTaken = curl_url_set(parts, CURLUPART_URL, text, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK
        if !isTaken { curl_url_cleanup(parts) }
        self.parts = isTaken ? parts : nil
    }

    deinit { curl_url_cleanup(parts) }
}

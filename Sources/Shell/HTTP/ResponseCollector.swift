import CCurl
import CShims

/// Receives one response from libcurl and keeps it whole, or hands its body on as it comes.
///
/// Not isolated, because libcurl's callbacks are not: they come on the loop's thread, from within calls that code on the
/// request path makes.
final class ResponseCollector {
    private let easy: UnsafeMutableRawPointer
    private let limit: Int
    private(set) var headers = HTTPHeaders()
    private(set) var body: [UInt8] = []
    /// The body did not fit the limit, and the transfer was made to fail.
    private(set) var isTooLarge = false
    /// Where the body goes instead of being kept here.
    var stream: StreamedBody?

    init(easy: UnsafeMutableRawPointer, limit: Int) {
        self.easy = easy
        self.limit = limit
        let address = Unmanaged.passUnretained(self).toOpaque()
        cshims_easy_set_pointer(easy, CURLOPT_HEADERDATA, address)
        cshims_easy_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, collector in
            guard let bytes, let collector else { return 0 }
            ResponseCollector.at(collector).receiveHeader(UnsafeRawBufferPointer(start: bytes, count: count))
            return count
        }
        cshims_easy_set_pointer(easy, CURLOPT_WRITEDATA, address)
        cshims_easy_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, collector in
            guard let bytes, let collector else { return 0 }
            return ResponseCollector.at(collector).receiveBody(UnsafeRawBufferPointer(start: bytes, count: count))
        }
    }

    /// The transfer owns its collector and outlives libcurl's use of this address.
    private static func at(_ address: UnsafeMutableRawPointer) -> ResponseCollector {
        Unmanaged.fromOpaque(address).takeUnretainedValue()
    }

    func clear() {
        headers = HTTPHeaders()
        body = []
        isTooLarge = false
        stream = nil
    }

    private func receiveHeader(_ line: UnsafeRawBufferPointer) {
        if line.starts(with: "HTTP/".utf8) {
            // A status line: what came before belonged to an interim response (100 Continue).
            headers = HTTPHeaders()
            headers.reserveCapacity(512)
            return
        }
        headers.append(line: line)
    }

    /// Returns what libcurl expects: the number of bytes, if all is well.
    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if let stream {
            if stream.status == 0 { beginStream(stream) }
            switch stream.receive(bytes) {
            case .taken: return bytes.count
            case .refused: return Int(CURL_WRITEFUNC_PAUSE)
            case .tooLarge:
                isTooLarge = true
                return 0
            }
        }
        guard bytes.count <= limit - body.count else {
            isTooLarge = true
            return 0
        }
        if body.isEmpty {
            let declared = Int(cshims_easy_info_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))
            body.reserveCapacity(min(max(declared, bytes.count), limit))
        }
        body.append(contentsOf: bytes)
        return bytes.count
    }

    private func beginStream(_ stream: StreamedBody) {
        let isMultiplexed = cshims_easy_info_long(easy, CURLINFO_HTTP_VERSION) == Int(CURL_HTTP_VERSION_2_0)
        stream.begin(
            status: cshims_easy_info_long(easy, CURLINFO_RESPONSE_CODE), headers: headers, isPausable: !isMultiplexed)
    }
}

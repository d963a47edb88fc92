import CCurl
import CShims

/// Receives one response from libcurl and keeps it whole.
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
            let isTaken = ResponseCollector.at(collector).receiveBody(
                UnsafeRawBufferPointer(start: bytes, count: count))
            return isTaken ? count : 0
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

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= limit - body.count else {
            isTooLarge = true
            return false
        }
        if body.isEmpty {
            let declared = Int(cshims_easy_info_offset(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T))
            body.reserveCapacity(min(max(declared, bytes.count), limit))
        }
        body.append(contentsOf: bytes)
        return true
    }
}

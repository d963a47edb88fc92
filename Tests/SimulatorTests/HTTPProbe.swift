import Glibc
import Simulator

/// One blocking connection to the simulator, byte by byte under the test's control.
final class HTTPProbe {
    private let descriptor: Int32
    private var buffered: [UInt8] = []

    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: String
    }

    enum Failure: Error, Equatable {
        case connect, send, reset, timeout
        /// The connection ended; `bytes` of the answer had come.
        case closed(bytes: Int)
    }

    /// Keeps the simulator going for as long as the connection is used.
    private let simulator: BedrockSimulator?

    convenience init(_ simulator: BedrockSimulator) throws { try self.init(port: simulator.port, of: simulator) }

    init(port: Int, of simulator: BedrockSimulator? = nil) throws {
        self.simulator = simulator
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        // Longer than any test waits: a broken simulator fails the test instead of hanging it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafeBytes(of: &address) { bytes in
            connect(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        guard connected == 0 else { throw Failure.connect }
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure.send }
            sent += count
        }
    }

    /// Reads one answer; its body by Content-Length.
    func receive() throws -> Answer {
        let head = try receiveHead()
        var lines = head.split(separator: "\r\n").map(String.init)
        let status = Int(lines.removeFirst().split(separator: " ")[1]) ?? 0
        var headers: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description
        }
        let length = Int(headers["content-length"] ?? "0") ?? 0
        while buffered.count < length { try fill() }
        let body = String(decoding: buffered[..<length], as: UTF8.self)
        buffered.removeFirst(length)
        return Answer(status: status, headers: headers, body: body)
    }

    /// Up to the empty line.
    func receiveHead() throws -> String {
        let end = Array("\r\n\r\n".utf8)
        while true {
            if let range = buffered.firstRange(of: end) {
                defer { buffered.removeSubrange(..<range.upperBound) }
                return String(decoding: buffered[..<range.lowerBound], as: UTF8.self)
            }
            try fill()
        }
    }

    /// Whether the simulator closed the connection in good order, with nothing left to read.
    func isAtEnd() throws -> Bool {
        do {
            try fill()
            return false
        } catch Failure.closed(bytes: 0) {
            return true
        }
    }

    func shutdownSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    private func fill() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count == 0 { throw Failure.closed(bytes: buffered.count) }
        if count < 0 { throw errno == ECONNRESET ? Failure.reset : Failure.timeout }
        buffered += chunk[..<count]
    }
}

/// Requests as Bedrock clients write them.
enum ConverseText {
    static let date = "20260105T100000Z"

    static let authorization =
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260105/us-east-1/bedrock/aws4_request, "
        + "SignedHeaders=content-type;host;x-amz-date, Signature=\(String(repeating: "0a", count: 32))"

    static func body(_ text: String = "Hello") -> String {
        #"{"messages":[{"role":"user","content":[{"text":"\#(text)"}]}]}"#
    }

    static func request(
        _ model: String = "m", text: String = "Hello", body: String? = nil, authorization: String = authorization,
        headers: String = ""
    ) -> String {
        let body = body ?? Self.body(text)
        return "POST /model/\(model)/converse HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + "X-Amz-Date: \(date)\r\nAuthorization: \(authorization)\r\n\(headers)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

extension HTTPProbe {
    /// One Converse request and its answer.
    func converse(_ model: String = "m", text: String = "Hello") throws -> Answer {
        try send(ConverseText.request(model, text: text))
        return try receive()
    }
}

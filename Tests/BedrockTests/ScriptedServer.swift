import Glibc
import Synchronization

/// An HTTP/1.1 server on loopback that answers by a script and keeps what it was sent, byte for byte.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// `POST /model/x/converse HTTP/1.1`.
        var requestLine: String
        /// Names in lower case.
        var headers: [String: String]
        var body: [UInt8]
    }

    enum Answer: Sendable {
        case response(Int, headers: [String] = [], body: String)
        /// Raw bytes, then the connection is closed.
        case raw(String)
        /// Says nothing until the client hangs up.
        case silence
    }

    let port: UInt16
    private let listener: Int32
    private let state: Mutex<State>

    private struct State {
        var answers: [Answer]
        var requests: [Request] = []
    }

    private struct SocketError: Error { var number = errno }

    /// Gives `answers` in order, the last one again and again.
    init(_ answers: [Answer]) throws {
        state = Mutex(State(answers: answers))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        guard isListening else { throw SocketError() }
        port = UInt16(bigEndian: address.sin_port)
        var thread = pthread_t()
        let start = Unmanaged.passRetained(self).toOpaque()
        let error = pthread_create(
            &thread, nil,
            {
                Unmanaged<ScriptedServer>.fromOpaque($0!).takeRetainedValue().serve(); return nil
            }, start)
        guard error == 0 else { throw SocketError(number: error) }
        pthread_detach(thread)
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var requests: [Request] { state.withLock { $0.requests } }

    /// Ends the server's thread.
    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// One connection after the other, one exchange each.
    private func serve() {
        while true {
            let connection = accept(listener, nil, nil)
            if connection < 0 { break }
            if let request = Self.read(from: connection) { answer(request, on: connection) }
            close(connection)
        }
        close(listener)
    }

    private func answer(_ request: Request, on connection: Int32) {
        let answer = state.withLock { state in
            state.requests.append(request)
            return state.answers.count > 1 ? state.answers.removeFirst() : state.answers[0]
        }
        switch answer {
        case .response(let status, let headers, let body):
            let head = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
            Self.write(head.joined(separator: "\r\n") + "\r\n\r\n" + body, to: connection)
        case .raw(let text): Self.write(text, to: connection)
        case .silence:
            var byte: UInt8 = 0
            while recv(connection, &byte, 1, 0) > 0 {}
        }
    }

    private static func write(_ text: String, to connection: Int32) {
        let bytes = Array(text.utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func read(from connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let request = parse(bytes) { return request }
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk.prefix(count)
        }
    }

    /// Nil while the request is not complete.
    private static func parse(_ bytes: [UInt8]) -> Request? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let name = line.prefix { $0 != ":" }
            headers[name.lowercased()] = String(line.dropFirst(name.count + 1).drop { $0 == " " })
        }
        let body = Array(bytes[end.upperBound...])
        guard body.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        return Request(requestLine: String(lines.first ?? ""), headers: headers, body: body)
    }
}

import EventLoop
import Glibc

/// A request as the server has read it.
struct ReceivedRequest: Sendable {
    var method: String
    var target: String
    /// `Name: value` lines.
    var headers: [String]
    var body: [UInt8]

    func hasHeader(_ name: String) -> Bool { header(name) != nil }

    func header(_ name: String) -> String? {
        let line = headers.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        return line.map { String($0.dropFirst(name.count + 1).drop { $0 == " " }) }
    }
}

/// An HTTP/1.1 server on loopback, on the event loop, that does with each request what a test says.
@RequestPath
final class LoopbackServer {
    typealias Handler = @RequestPath (ReceivedRequest, Connection) -> Void

    let port: UInt16
    private let descriptor: Int32
    private let loop = EventLoop.shared
    private var watch: EventLoop.Watch?
    private let handler: Handler
    private var connections: [ObjectIdentifier: Connection] = [:]
    private(set) var connectionsAccepted = 0
    var connectionClosed: (@RequestPath () -> Void)?

    var url: String { "http://127.0.0.1:\(port)/" }

    init(_ handler: @escaping Handler) {
        self.handler = handler
        let descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                precondition(bind(descriptor, pointer, length) == 0)
                precondition(listen(descriptor, 4096) == 0)
                precondition(getsockname(descriptor, pointer, &length) == 0)
            }
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
        watch = loop.watch(descriptor, for: .readable) { [unowned self] _ in acceptAll() }
    }

    /// Answers every request with this.
    convenience init(answering response: String) {
        self.init { _, connection in connection.send(response) }
    }

    func close() {
        closeConnections()
        guard let watch = watch.take() else { return }
        loop.unwatch(watch)
        Glibc.close(descriptor)
    }

    /// Closes all connections, as a server does with idle ones.
    func closeConnections() {
        for connection in Array(connections.values) { connection.close() }
    }

    private func acceptAll() {
        while true {
            let accepted = accept(descriptor, nil, nil)
            guard accepted >= 0 else { return }
            _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
            _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
            connectionsAccepted += 1
            let connection = Connection(accepted, handler: handler) { [unowned self] connection in
                connections[ObjectIdentifier(connection)] = nil
                connectionClosed?()
            }
            connections[ObjectIdentifier(connection)] = connection
        }
    }
}

/// A connection of the server.
@RequestPath
final class Connection {
    private let descriptor: Int32
    private let loop = EventLoop.shared
    private let handler: LoopbackServer.Handler
    private let closed: @RequestPath (Connection) -> Void
    private var watch: EventLoop.Watch?
    private var input: [UInt8] = []
    private var output: ArraySlice<UInt8> = []

    init(
        _ descriptor: Int32, handler: @escaping LoopbackServer.Handler,
        closed: @escaping @RequestPath (Connection) -> Void
    ) {
        self.descriptor = descriptor
        self.handler = handler
        self.closed = closed
        watch = loop.watch(descriptor, for: .readable) { [unowned self] readiness in
            if readiness.contains(.writable) { flush() }
            if readiness != .writable { readAll() }
        }
    }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        output += bytes
        flush()
    }

    func close() {
        guard let watch = watch.take() else { return }
        loop.unwatch(watch)
        Glibc.close(descriptor)
        closed(self)
    }

    /// Closes with a reset instead of an orderly end.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    private func flush() {
        while !output.isEmpty, watch != nil {
            let sent = output.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard sent > 0 else { break }
            output = output.dropFirst(sent)
        }
        if let watch { loop.change(watch, to: output.isEmpty ? .readable : [.readable, .writable]) }
    }

    private func readAll() {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while watch != nil {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 || (count < 0 && errno != EAGAIN) { return close() }
            guard count > 0 else { break }
            input += buffer[..<count]
        }
        while let request = nextRequest() { handler(request, self) }
    }

    private func nextRequest() -> ReceivedRequest? {
        let mark = Array("\r\n\r\n".utf8)
        guard input.count >= mark.count,
            let end = input.indices.dropLast(3).first(where: { input[$0..<($0 + 4)].elementsEqual(mark) })
        else { return nil }
        let lines = String(decoding: input[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.drop { $0 != ":" }.dropFirst().drop { $0 == " " }) }
        let bodyEnd = end + mark.count + (length ?? 0)
        guard input.count >= bodyEnd else { return nil }
        let request = lines[0].split(separator: " ")
        let body = Array(input[(end + mark.count)..<bodyEnd])
        input.removeFirst(bodyEnd)
        return ReceivedRequest(
            method: String(request[0]), target: String(request[1]), headers: Array(lines.dropFirst()), body: body)
    }
}

/// A whole response with a length.
func response(_ body: String, status: String = "200 OK", headers: [String] = []) -> String {
    let lines = ["HTTP/1.1 \(status)", "content-length: \(body.utf8.count)"] + headers
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
}

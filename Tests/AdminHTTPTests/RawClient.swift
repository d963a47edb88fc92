import Glibc
import Threads

/// A TCP client that sends exactly what it is told to.
final class RawClient: Sendable {
    private let descriptor: CInt

    /// Connects to `host:port` as `AdminServer.address` writes it.
    init(to address: String) throws {
        descriptor = try Self.connect(to: address)
    }

    private static func connect(to address: String) throws -> CInt {
        let colon = address.lastIndex(of: ":") ?? address.endIndex
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(address[colon...].dropFirst()), &hints, &found) == 0, let found else {
            throw Failure(step: "getaddrinfo")
        }
        defer { freeaddrinfo(found) }
        let descriptor = socket(found.pointee.ai_family, CInt(SOCK_STREAM.rawValue), 0)
        guard Glibc.connect(descriptor, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0 else {
            close(descriptor)
            throw Failure(step: "connect: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    deinit { close(descriptor) }

    struct Failure: Error { let step: String }

    func send(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Everything until the server closes its side. Waits on a thread of its own: the server's handlers need the pool's.
    func receiveAll() async -> String {
        await withCheckedContinuation { continuation in
            ServiceThread.start(name: "client") { [self] in continuation.resume(returning: receiveAllBlocking()) }
        }
    }

    private func receiveAllBlocking() -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { return String(decoding: all, as: UTF8.self) }
            all += buffer[..<count]
        }
    }

    /// One request, and its whole answer.
    static func get(_ target: String, from address: String, method: String = "GET") async throws -> String {
        let client = try RawClient(to: address)
        client.send("\(method) \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
        return await client.receiveAll()
    }
}

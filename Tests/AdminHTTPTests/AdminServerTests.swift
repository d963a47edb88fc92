import AdminHTTP
import Logging
import Synchronization
import Testing

@Suite struct AdminServerTests {
    private func server(
        on address: String = "127.0.0.1:0", settings: AdminServer.Settings = .init(),
        handler: @escaping AdminServer.Handler = { path, query in .text("\(path)|\(query ?? "none")") }
    ) throws -> AdminServer {
        try AdminServer(address: address, settings: settings, logger: .discard, handler: handler)
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0", "localhost:0", ":0"])
    func `it answers GET on IPv4 and IPv6`(address: String) async throws {
        let server = try server(on: address)
        let reachable = server.address.replacing("[::]", with: "127.0.0.1")

        let answer = try await RawClient.get("/routes?pretty=1", from: reachable)

        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n/routes|pretty=1\n"))
        #expect(answer.contains("\r\ncontent-length: 17\r\n"))
        await server.stop()
    }

    @Test func `HEAD announces the body and leaves it out`() async throws {
        let server = try server()
        let answer = try await RawClient.get("/healthz", from: server.address, method: "HEAD")
        #expect(answer.contains("\r\ncontent-length: 14\r\n"))
        #expect(answer.hasSuffix("\r\n\r\n"))
        await server.stop()
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "get"])
    func `other methods are refused`(method: String) async throws {
        let server = try server()
        let answer = try await RawClient.get("/", from: server.address, method: method)
        #expect(answer.hasPrefix("HTTP/1.1 405 "))
        #expect(answer.contains("\r\nallow: GET, HEAD\r\n"))
        await server.stop()
    }

    @Test func `an unread request body does not cost the client its answer`() async throws {
        let server = try server()
        let client = try RawClient(to: server.address)
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\n")
        client.send(String(repeating: "x", count: 1_000_000))
        #expect(await client.receiveAll().hasPrefix("HTTP/1.1 405 "))
        await server.stop()
    }

    @Test func `a head that is too large is refused`() async throws {
        let server = try server()
        let client = try RawClient(to: server.address)
        client.send("GET / HTTP/1.1\r\nHost: test\r\nX: \(String(repeating: "x", count: 10_000))\r\n\r\n")
        #expect(await client.receiveAll().hasPrefix("HTTP/1.1 431 "))
        await server.stop()
    }

    @Test func `a large answer arrives whole`() async throws {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 8 << 20)
        let server = try server { _, _ in AdminResponse(contentType: "text/plain", body: body) }
        let answer = try await RawClient.get("/", from: server.address)
        #expect(answer.hasSuffix("\r\n\r\n" + String(decoding: body, as: UTF8.self)))
        await server.stop()
    }

    @Test func `a slow answer holds up no other client`() async throws {
        let gate = AsyncStream<Void>.makeStream()
        let server = try server { path, _ in
            if path == "/slow" { for await _ in gate.stream { break } }
            return .text(path)
        }
        let slow = try RawClient(to: server.address)
        slow.send("GET /slow HTTP/1.0\r\n\r\n")

        let answer = try await RawClient.get("/quick", from: server.address)
        gate.continuation.yield()

        #expect(answer.hasSuffix("/quick\n"))
        #expect(await slow.receiveAll().hasSuffix("/slow\n"))
        await server.stop()
    }

    @Test func `clients beyond the bound are served once there is room`() async throws {
        var settings = AdminServer.Settings()
        settings.maximumClients = 1
        let server = try server(settings: settings)
        var first: RawClient? = try RawClient(to: server.address)
        first?.send("GET /first HTTP/1.0\r\n")
        let second = try RawClient(to: server.address)
        second.send("GET /second HTTP/1.0\r\n\r\n")

        first?.send("\r\n")
        #expect(await first?.receiveAll().hasSuffix("/first|none\n") == true)
        first = nil  // closes it
        #expect(await second.receiveAll().hasSuffix("/second|none\n"))
        await server.stop()
    }

    @Test func `a client that never finishes its request is let go`() async throws {
        var settings = AdminServer.Settings()
        settings.readTimeout = .milliseconds(20)
        let server = try server(settings: settings)
        let silent = try RawClient(to: server.address)
        #expect(await silent.receiveAll().isEmpty)
        let stuck = try RawClient(to: server.address)
        stuck.send("GET / HT")
        #expect(await stuck.receiveAll().hasPrefix("HTTP/1.1 408 "))
        await server.stop()
    }

    @Test func `a handler that never answers gives 503 and is cancelled`() async throws {
        var settings = AdminServer.Settings()
        settings.handlerTimeout = .milliseconds(20)
        let cancelled = AsyncStream<Void>.makeStream()
        let server = try server(settings: settings) { _, _ in
            try? await Task.sleep(for: .seconds(3600))
            cancelled.continuation.yield()
            return .notFound
        }
        let answer = try await RawClient.get("/", from: server.address)
        #expect(answer.hasPrefix("HTTP/1.1 503 "))
        for await _ in cancelled.stream { break }
        await server.stop()
    }

    @Test func `after stop nobody is connected and the address is free`() async throws {
        let server = try server()
        let idle = try RawClient(to: server.address)
        await server.stop()

        #expect(await idle.receiveAll().isEmpty)
        let next = try self.server(on: server.address)
        #expect(try await RawClient.get("/", from: next.address).hasPrefix("HTTP/1.1 200 "))
        await next.stop()
        await next.stop()
    }

    @Test func `an address in use is named with the reason`() async throws {
        let first = try server()
        let failure = #expect(throws: AdminServerError.self) { try server(on: first.address) }
        #expect(failure?.kind == .cannotListen)
        #expect(failure?.message == "cannot listen on \(first.address): Address already in use")
        await first.stop()
    }

    @Test(arguments: ["", "localhost", "localhost:", "localhost:http", "127.0.0.1:70000", "::1:80", "[::1]"])
    func `an address that is not host and port is refused`(address: String) {
        let failure = #expect(throws: AdminServerError.self) { try server(on: address) }
        #expect(failure?.kind == .invalidAddress)
        #expect(failure?.message.contains("\"\(address)\"") == true)
    }

    @Test func `a host without an address is named`() {
        let failure = #expect(throws: AdminServerError.self) { try server(on: "no-such-host.invalid:80") }
        #expect(failure?.kind == .unknownHost)
        #expect(failure?.message.hasPrefix("cannot listen on no-such-host.invalid:80: ") == true)
    }

    @Test func `the address it listens on is logged`() async throws {
        let lines = Mutex("")
        let log = Logger(level: .info, format: .json) { bytes in
            lines.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        }
        let server = try AdminServer(address: "127.0.0.1:0", logger: log) { _, _ in .notFound }
        log.flush()
        #expect(lines.withLock { $0 }.contains("\"event\":\"admin listening\",\"address\":\"\(server.address)\""))
        await server.stop()
    }
}

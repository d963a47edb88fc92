import EventLoop
import HTTP
import Testing

/// Bodies that are read while they come, from a real server through libcurl.
@RequestPath
@Suite struct HTTPStreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nx-kind: stream\r\ntransfer-encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private func text(_ stream: HTTPStream) async throws -> String {
        var bytes: [UInt8] = []
        while let piece = try await stream.next() { bytes += piece }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `pieces are there before the body is complete`() async throws {
        var connection: Connection?
        let server = LoopbackServer { _, incoming in
            connection = incoming
            incoming.send(Self.head + Self.chunk("one"))
        }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let stream = try await client.stream(post(server.url))
        #expect(stream.status == 200)
        #expect(stream.headers["x-kind"] == "stream")
        #expect(try await stream.next() == Array("one".utf8))
        connection?.send(Self.chunk("two"))
        #expect(try await stream.next() == Array("two".utf8))
        connection?.send("0\r\n\r\n")
        #expect(try await stream.next() == nil)
        #expect(try await stream.next() == nil)
        #expect(client.statistics.inFlight == 0)
    }

    @Test func `a response without a body has a status and ends`() async throws {
        let server = LoopbackServer(answering: response("", status: "503 No", headers: ["x-kind: none"]))
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let stream = try await client.stream(post(server.url))
        #expect(stream.status == 503)
        #expect(stream.headers["x-kind"] == "none")
        #expect(try await stream.next() == nil)
    }

    @Test func `who does not read holds up the server, and nobody else`() async throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 19)  // 8 MB
        let server = LoopbackServer { request, connection in
            connection.send(request.target == "/long" ? response(body) : response("short"))
        }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let stream = try await client.stream(post(server.url + "long"))
        for _ in 0..<50 { #expect(try await client.send(post(server.url)).body == Array("short".utf8)) }
        var received: [UInt8] = []
        var largest = 0
        while let piece = try await stream.next() {
            largest = max(largest, piece.count)
            received += piece
        }
        #expect(received == Array(body.utf8))
        #expect(largest <= 128 << 10)
    }

    @Test func `silence longer than the idle timeout is a timeout`() async throws {
        let server = LoopbackServer { _, connection in connection.send(Self.head + Self.chunk("one")) }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let error = await #expect(throws: HTTPError.self) {
            let stream = try await client.stream(post(server.url), idleTimeout: .milliseconds(100))
            while try await stream.next() != nil {}
        }
        #expect(error?.kind == .timeout)
    }

    @Test func `no answer at all is a timeout as well`() async throws {
        let server = LoopbackServer { _, _ in }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let error = await #expect(throws: HTTPError.self) {
            _ = try await client.stream(post(server.url), idleTimeout: .milliseconds(30))
        }
        #expect(error?.kind == .timeout)
    }

    @Test func `bytes before a broken connection are given, then its error`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send(Self.head + Self.chunk("one"))
            connection.close()
        }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let stream = try await client.stream(post(server.url))
        #expect(try await stream.next() == Array("one".utf8))
        let error = await #expect(throws: HTTPError.self) { try await stream.next() }
        #expect(error.map { [.truncated, .connectionLost].contains($0.kind) } == true)
    }

    @Test func `a stream that is let go closes its connection, and the client goes on`() async throws {
        let closed = Waiting()
        let server = LoopbackServer { request, connection in
            connection.send(request.target == "/long" ? Self.head + Self.chunk("one") : response("short"))
        }
        server.connectionClosed = { closed.arrive() }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        do {
            let stream = try await client.stream(post(server.url + "long"))
            #expect(try await stream.next() == Array("one".utf8))
        }
        await closed.first()
        #expect(client.statistics.inFlight == 0)
        #expect(try await client.send(post(server.url)).body == Array("short".utf8))
    }

    @Test func `a cancelled task stops waiting`() async throws {
        let begun = Waiting()
        let server = LoopbackServer { _, connection in connection.send(Self.head + Self.chunk("one")) }
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        let url = server.url
        let task = RequestPath.task { () async throws -> HTTPError.Kind? in
            let stream = try await client.stream(post(url))
            _ = try await stream.next()
            begun.arrive()
            do throws(HTTPError) { _ = try await stream.next() } catch { return error.kind }
            return nil
        }
        await begun.first()
        task.cancel()
        #expect(try await task.value == .cancelled)
        #expect(client.statistics.inFlight == 0)
    }

    @Test func `closing the client ends its streams`() async throws {
        let server = LoopbackServer { _, connection in connection.send(Self.head + Self.chunk("one")) }
        defer { server.close() }
        let client = makeClient()
        let stream = try await client.stream(post(server.url))
        #expect(try await stream.next() == Array("one".utf8))
        client.close()
        await #expect(throws: HTTPError.self) { try await stream.next() }
    }

    @Test func `the rest of a body is cut at its limit`() async throws {
        let server = LoopbackServer(answering: response(String(repeating: "x", count: 5000)))
        defer { server.close() }
        let client = makeClient()
        defer { client.close() }
        #expect(try await client.stream(post(server.url)).rest(limit: 10) == Array("xxxxxxxxxx".utf8))
        #expect(try await client.stream(post(server.url)).rest(limit: 10_000).count == 5000)
    }
}

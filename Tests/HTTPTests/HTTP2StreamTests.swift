import EventLoop
import Glibc
import HTTP
import Testing

/// Bodies that are read while they come over HTTP/2, from nginx in front of a server of the test.
@RequestPath
@Suite struct HTTP2StreamTests {
    private static let head = "HTTP/1.1 200 OK\r\nx-kind: stream\r\ntransfer-encoding: chunked\r\n\r\n"
    private static let end = "0\r\n\r\n"

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private func client(of nginx: NginxServer, _ change: (inout HTTPClient.Settings) -> Void = { _ in }) -> HTTPClient {
        makeClient {
            $0.caBundle = nginx.certificates.bundle
            change(&$0)
        }
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
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let stream = try await client.stream(post(nginx.url))
        #expect(stream.status == 200)
        #expect(stream.headers["x-kind"] == "stream")
        #expect(!stream.isPausable)
        #expect(try await stream.next() == Array("one".utf8))
        connection?.send(Self.chunk("two") + Self.end)
        #expect(try await text(stream) == "two")
        #expect(client.statistics.http2Responses == 1)
        #expect(client.statistics.inFlight == 0)
        client.close()
        server.close()
    }

    @Test func `many streams share a few connections, each with its own pieces`() async throws {
        let count = 300
        var connections: [String: Connection] = [:]
        let server = LoopbackServer { request, connection in
            connections[request.target] = connection
            connection.send(Self.head + Self.chunk(request.target))
            guard connections.count == count else { return }
            // All are under way: each goes on, in pieces larger than libcurl's buffer.
            for (target, connection) in connections {
                for _ in 0..<3 { connection.send(Self.chunk(String(repeating: target, count: 1000))) }
                connection.send(Self.end)
            }
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let tasks = (0..<count).map { number in
            RequestPath.task { () async throws -> String in
                try await text(client.stream(post(nginx.url + String(number))))
            }
        }
        for (number, task) in tasks.enumerated() {
            #expect(try await task.value == String(repeating: "/\(number)", count: 3001))
        }
        #expect(client.statistics.connectionsOpened <= client.settings.connectionsPerMultiplexedShard)
        #expect(client.statistics.http2Responses == count)
        client.close()
        server.close()
    }

    @Test func `who does not read holds up nobody on the connection`() async throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 18)  // 4 MB
        let server = LoopbackServer { request, connection in
            connection.send(request.target == "/long" ? response(body) : response("short"))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let unread = try await client.stream(post(nginx.url + "long"))
        for _ in 0..<50 { #expect(try await text(client.stream(post(nginx.url))) == "short") }
        #expect(client.statistics.connectionsOpened == 1)
        #expect(try await text(unread) == body)
        client.close()
        server.close()
    }

    @Test func `more than a response may have is not kept for one that does not read`() async throws {
        let server = LoopbackServer { request, connection in
            guard request.target == "/long" else { return connection.send(response("short")) }
            connection.send(Self.head)
            for _ in 0..<64 { connection.send(Self.chunk(String(repeating: "x", count: 10_000))) }
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx) { $0.maximumBodySize = 100_000 }
        let unread = try await client.stream(post(nginx.url + "long"))
        while client.statistics.inFlight > 0 { _ = try await client.stream(post(nginx.url)).next() }
        let error = await #expect(throws: HTTPError.self) { _ = try await text(unread) }
        #expect(error?.kind == .tooLarge)
        #expect(client.statistics.connectionsOpened == 1)
        client.close()
        server.close()
    }

    @Test func `a longer stream than that is read to its end by one that reads`() async throws {
        let piece = String(repeating: "x", count: 10_000)
        var connection: Connection?
        let server = LoopbackServer { _, incoming in
            connection = incoming
            incoming.send(Self.head + Self.chunk(piece))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx) { $0.maximumBodySize = 100_000 }
        let stream = try await client.stream(post(nginx.url))
        var length = 0
        while let bytes = try await stream.next() {
            length += bytes.count
            guard length.isMultiple(of: piece.utf8.count) else { continue }
            connection?.send(length < 640_000 ? Self.chunk(piece) : Self.end)
        }
        #expect(length == 640_000)
        client.close()
        server.close()
    }

    @Test func `silence longer than the idle timeout is a timeout, and others go on`() async throws {
        var connections: [String: Connection] = [:]
        let server = LoopbackServer { request, connection in
            connections[request.target] = connection
            connection.send(Self.head + Self.chunk("one"))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let other = try await client.stream(post(nginx.url + "other"))
        let error = await #expect(throws: HTTPError.self) {
            let stream = try await client.stream(post(nginx.url + "silent"), idleTimeout: .milliseconds(300))
            while try await stream.next() != nil {}
        }
        #expect(error?.kind == .timeout)
        connections["/other"]?.send(Self.chunk("two") + Self.end)
        #expect(try await text(other) == "onetwo")
        #expect(client.statistics.connectionsOpened == 1)
        client.close()
        server.close()
    }

    @Test func `a stream that is let go is ended at the server, and its connection serves on`() async throws {
        let closed = Waiting()
        var others: [Connection] = []
        let server = LoopbackServer { request, connection in
            if request.target == "/other" { others.append(connection) }
            connection.send(Self.head + Self.chunk("one"))
        }
        // nginx passes the end on.
        server.connectionClosed = { closed.arrive() }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let other = try await client.stream(post(nginx.url + "other"))
        #expect(try await other.next() == Array("one".utf8))
        do {
            let stream = try await client.stream(post(nginx.url + "long"))
            #expect(try await stream.next() == Array("one".utf8))
        }
        #expect(client.statistics.inFlight == 1)
        // libcurl tells the server with what comes or goes next.
        others.first?.send(Self.chunk("two"))
        #expect(try await other.next() == Array("two".utf8))
        await closed.first()
        others.first?.send(Self.end)
        #expect(try await text(other) == "")
        #expect(client.statistics.connectionsOpened == 1)
        client.close()
        server.close()
    }

    @Test func `a stream that is let go when it is alone closes its connection`() async throws {
        let closed = Waiting()
        let server = LoopbackServer { _, connection in connection.send(Self.head + Self.chunk("one")) }
        server.connectionClosed = { closed.arrive() }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        do {
            let stream = try await client.stream(post(nginx.url))
            #expect(try await stream.next() == Array("one".utf8))
        }
        await closed.first()
        #expect(client.statistics.inFlight == 0)
        // The transfer is used again.
        server.connectionClosed = nil
        for _ in 0..<2 {
            let stream = try await client.stream(post(nginx.url))
            #expect(try await stream.next() == Array("one".utf8))
            stream.cancel()
        }
        client.close()
        server.close()
    }

    @Test func `a stream's own limit ends it at the server as well`() async throws {
        let closed = Waiting()
        let server = LoopbackServer { _, connection in connection.send(Self.head + Self.chunk("one")) }
        server.connectionClosed = { closed.arrive() }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        var request = post(nginx.url)
        request.timeout = .milliseconds(500)
        let error = await #expect(throws: HTTPError.self) { _ = try await text(client.stream(request)) }
        #expect(error?.kind == .timeout)
        await closed.first()
        client.close()
        server.close()
    }

    @Test func `when a connection dies, its streams end with an error and none is sent again`() async throws {
        let count = 20
        var requests = 0
        var begun = 0
        var worker: pid_t?
        let server = LoopbackServer { request, connection in
            requests += 1
            worker = request.header("X-Process").flatMap { pid_t($0) }
            connection.send(Self.head + Self.chunk("one"))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let tasks = (0..<count).map { _ in
            RequestPath.task { () async -> (String, HTTPError.Kind?) in
                var bytes: [UInt8] = []
                do throws(HTTPError) {
                    let stream = try await client.stream(post(nginx.url))
                    while let piece = try await stream.next() {
                        bytes += piece
                        begun += 1
                        if begun == count, let worker { kill(worker, SIGKILL) }
                    }
                    return (String(decoding: bytes, as: UTF8.self), nil)
                } catch {
                    return (String(decoding: bytes, as: UTF8.self), error.kind)
                }
            }
        }
        for task in tasks {
            let (text, kind) = await task.value
            #expect(text == "one")
            #expect(kind.map { [.truncated, .connectionLost].contains($0) } == true)
        }
        #expect(requests == count)
        #expect(client.statistics.resent == 0)
        client.close()
        server.close()
    }

    @Test func `streams that the server has not begun with when their connection dies are not sent again`() async throws
    {
        let count = 20
        var requests = 0
        let server = LoopbackServer { request, connection in
            if request.target == "/warm" { return connection.send(response("ok")) }
            requests += 1
            if requests == count, let process = request.header("X-Process").flatMap({ pid_t($0) }) {
                kill(process, SIGKILL)
            }
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        _ = try await text(client.stream(post(nginx.url + "warm")))
        let tasks = (0..<count).map { _ in
            RequestPath.task { () async -> HTTPError.Kind? in
                do throws(HTTPError) { _ = try await client.stream(post(nginx.url)) } catch { return error.kind }
                return nil
            }
        }
        for task in tasks { #expect(await task.value == .connectionLost) }
        #expect(requests == count)
        #expect(client.statistics.resent == 0)
        client.close()
        server.close()
    }

    @Test func `a server that knows only HTTP/1.1 is held back by who does not read`() async throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 18)
        let server = LoopbackServer { request, connection in
            connection.send(request.target == "/long" ? response(body) : response("short"))
        }
        let nginx = try NginxServer(before: server.port) { $0.speaksHTTP2 = false }
        let client = client(of: nginx) { $0.maximumBodySize = 5 << 20 }
        let stream = try await client.stream(post(nginx.url + "long"))
        #expect(stream.isPausable)
        for _ in 0..<20 { #expect(try await text(client.stream(post(nginx.url))) == "short") }
        var largest = 0
        var count = 0
        while let piece = try await stream.next() {
            largest = max(largest, piece.count)
            count += piece.count
        }
        #expect(count == body.utf8.count)
        #expect(largest <= 128 << 10)
        client.close()
        server.close()
    }
}

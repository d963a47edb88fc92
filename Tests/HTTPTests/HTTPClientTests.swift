import EventLoop
import HTTP
import Testing

/// Requests against a real server on loopback.
@RequestPath
@Suite struct HTTPClientTests {
    // MARK: Requests and responses

    @Test func `a request arrives as it was made and its response comes back whole`() async throws {
        var received: [ReceivedRequest] = []
        let server = LoopbackServer { request, connection in
            received.append(request)
            connection.send(
                response(
                    "hello", status: "404 Not Found", headers: ["X-Amzn-RequestId:  abc ", "Twice: 1", "twice: 2"]))
        }
        let client = makeClient { $0.userAgent = "test/1" }
        var request = post(server.url + "model/a%3Ab%2Fc/../x?q=1", Array(#"{"a": 1}"#.utf8))
        request.headers.append("X-Custom: yes")

        let answer = try await client.send(request)

        #expect(answer.status == 404)
        #expect(answer.body == Array("hello".utf8))
        #expect(answer.headers["x-amzn-requestid"] == "abc")
        #expect(answer.headers["TWICE"] == "1")
        #expect(answer.headers["missing"] == nil)
        let seen = try #require(received.first)
        #expect(seen.method == "POST")
        #expect(seen.target == "/model/a%3Ab%2Fc/../x?q=1")
        #expect(seen.body == request.body)
        #expect(seen.headers.contains("X-Custom: yes"))
        #expect(seen.headers.contains("Content-Type: application/json"))
        #expect(seen.headers.contains("User-Agent: test/1"))
        #expect(!seen.hasHeader("Accept-Encoding"))
        client.close()
        server.close()
    }

    @Test func `one reused transfer sends all methods and bodies right`() async throws {
        let server = LoopbackServer { request, connection in
            connection.send(response("\(request.method) \(String(decoding: request.body, as: UTF8.self))"))
        }
        let client = makeClient()
        let methods: [HTTPRequest.Method] = [.get, .post, .put, .get, .put, .post, .post, .get]
        for (number, method) in methods.enumerated() {
            let body = String(repeating: "b", count: number)
            let request = HTTPRequest(method, url: server.url, body: Array(body.utf8), timeout: .seconds(20))
            let expected = "\(method.rawValue) \(method == .get ? "" : body)"

            #expect(try await String(decoding: client.send(request).body, as: UTF8.self) == expected)
        }
        #expect(server.connectionsAccepted == 1)
        client.close()
        server.close()
    }

    @Test func `one reused transfer goes where each request says`() async throws {
        let server = LoopbackServer { request, connection in connection.send(response(request.target)) }
        let client = makeClient()
        let first = HTTPURL(server.url + "a/./%2e?q#f")
        let second = HTTPURL(server.url + "b")
        for (url, target) in [(first, "/a/./%2e?q"), (second, "/b"), (first, "/a/./%2e?q"), (first, "/a/./%2e?q")] {
            let answer = try await client.send(HTTPRequest(.post, url: url, timeout: .seconds(20)))
            #expect(String(decoding: answer.body, as: UTF8.self) == target)
            #expect(try await failure(client, post("http://")).kind == .invalidRequest)
        }
        #expect(server.connectionsAccepted == 1)
        client.close()
        server.close()
    }

    @Test func `a body of a megabyte and more goes out without waiting for a permission`() async throws {
        var received: [ReceivedRequest] = []
        let server = LoopbackServer { request, connection in
            received.append(request)
            connection.send(Array(response("", headers: []).utf8))
        }
        let client = makeClient()
        let body = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }

        _ = try await client.send(post(server.url, body))

        let seen = try #require(received.first)
        #expect(!seen.hasHeader("Expect"))
        #expect(seen.body == body)
        client.close()
        server.close()
    }

    @Test func `a chunked response is put together`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
            connection.send("6\r\n world\r\n0\r\nx-trailer: yes\r\n\r\n")
        }
        let client = makeClient()

        let answer = try await client.send(get(server.url))

        #expect(String(decoding: answer.body, as: UTF8.self) == "hello world")
        client.close()
        server.close()
    }

    @Test func `headers and body may trickle in byte by byte`() async throws {
        let server = LoopbackServer { _, connection in
            var rest = Array(response("slow", headers: ["x-slow: yes"]).utf8)[...]
            @RequestPath func sendNext() {
                guard let byte = rest.popFirst() else { return }
                connection.send([byte])
                EventLoop.shared.schedule(at: EventLoop.shared.now.advanced(by: .microseconds(50))) { sendNext() }
            }
            sendNext()
        }
        let client = makeClient()

        let answer = try await client.send(get(server.url))

        #expect(answer.headers["X-Slow"] == "yes")
        #expect(String(decoding: answer.body, as: UTF8.self) == "slow")
        client.close()
        server.close()
    }

    @Test func `an interim response is not the response`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("HTTP/1.1 103 Early Hints\r\nx-early: 1\r\n\r\n" + response("done"))
        }
        let client = makeClient()

        let answer = try await client.send(get(server.url))

        #expect(answer.status == 200)
        #expect(answer.headers["x-early"] == nil)
        client.close()
        server.close()
    }

    @Test func `a redirect is an answer like any other`() async throws {
        let server = LoopbackServer(answering: response("", status: "302 Found", headers: ["location: /elsewhere"]))
        let client = makeClient()

        let answer = try await client.send(get(server.url))

        #expect(answer.status == 302)
        #expect(answer.headers["location"] == "/elsewhere")
        client.close()
        server.close()
    }

    // MARK: Connections

    @Test func `requests one after the other share a connection`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = makeClient()
        for _ in 0..<50 { _ = try await client.send(post(server.url)) }

        #expect(server.connectionsAccepted == 1)
        #expect(client.statistics.requests == 50)
        #expect(client.statistics.connectionsOpened == 1)
        #expect(client.statistics.connectionsReused == 49)
        #expect(client.statistics.errors == 0)
        client.close()
        server.close()
    }

    @Test func `two thousand requests are in flight at once, and a second wave reuses their connections`() async throws
    {
        FileDescriptorLimit.raise()
        let count = 2000
        let waiting = Waiting()
        let server = LoopbackServer { request, connection in
            waiting.hold(connection, until: count, body: request.target)
        }
        let client = makeClient()

        for wave in 1...2 {
            let bodies = await withTaskGroup { group in
                for number in 0..<count {
                    let request = post(server.url + String(number))
                    group.addTask { (number, try? await client.send(request).body) }
                }
                var bodies: [Int: [UInt8]] = [:]
                for await (number, body) in group { bodies[number] = body }
                return bodies
            }

            #expect(bodies.count == count)
            #expect(bodies.allSatisfy { $0.value == Array("/\($0.key)".utf8) })
            #expect(client.statistics.requests == wave * count)
        }
        #expect(server.connectionsAccepted == count)
        #expect(client.statistics.inFlight == 0)
        client.close()
        server.close()
    }

    @Test func `a request is sent on when the connection it was to reuse has been closed`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = makeClient()
        _ = try await client.send(post(server.url))
        server.closeConnections()

        _ = try await client.send(post(server.url))

        #expect(server.connectionsAccepted == 2)
        client.close()
        server.close()
    }

    @Test func `a request is not sent again when the connection it reused is lost`() async throws {
        var requests = 0
        let server = LoopbackServer { _, connection in
            requests += 1
            if requests == 2 { connection.reset() } else { connection.send(response("ok")) }
        }
        let client = makeClient()
        _ = try await client.send(post(server.url))

        let error = try await failure(client, post(server.url, Array("some body".utf8)))

        #expect(error.kind == .connectionLost)
        #expect(error.message.contains("may have processed"))
        #expect(requests == 2)
        #expect(client.statistics.resendsPrevented == 1)
        #expect(client.statistics.resent == 0)
        #expect(try await client.send(post(server.url)).status == 200)
        client.close()
        server.close()
    }

    @Test func `a host whose first address refuses is reached at its second`() async throws {
        // localhost is ::1 and 127.0.0.1 where both are configured; the server listens on the latter only.
        let server = LoopbackServer(answering: response("ok"))
        let client = makeClient()
        for _ in 0..<20 {
            let answer = try await client.send(get("http://localhost:\(server.port)/"))
            #expect(answer.status == 200)
            server.closeConnections()
        }
        client.close()
        server.close()
    }

    @Test func `connections that stay idle are closed`() async throws {
        let closed = Waiting()
        let server = LoopbackServer(answering: response("ok"))
        server.connectionClosed = { closed.arrive() }
        let client = makeClient { $0.idleTimeout = .milliseconds(20) }
        _ = try await client.send(post(server.url))

        await closed.first()

        #expect(try await client.send(post(server.url)).status == 200)
        #expect(server.connectionsAccepted == 2)
        client.close()
        server.close()
    }

    @Test func `a client that nobody keeps closes its connections`() async throws {
        let closed = Waiting()
        let server = LoopbackServer(answering: response("ok"))
        server.connectionClosed = { closed.arrive() }
        _ = try await makeClient().send(post(server.url))

        await closed.first()
        server.close()
    }
}

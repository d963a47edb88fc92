import EventLoop
import Glibc
import HTTP
import Logging
import Testing
import Time

/// Requests against a real server on loopback.
@RequestPath
@Suite struct HTTPClientTests {
    let loop = EventLoop.shared

    private func client(_ change: (inout HTTPClient.Settings) -> Void = { _ in }) -> HTTPClient {
        var settings = HTTPClient.Settings()
        change(&settings)
        return HTTPClient(settings: settings, logger: Logger(level: .error, format: .text))
    }

    private func post(_ url: String, _ body: [UInt8] = Array("{}".utf8)) -> HTTPRequest {
        HTTPRequest(.post, url: url, headers: ["Content-Type: application/json"], body: body, timeout: .seconds(20))
    }

    private func get(_ url: String) -> HTTPRequest { HTTPRequest(.get, url: url, timeout: .seconds(20)) }

    /// The error of a request that must fail.
    private func failure(_ client: HTTPClient, _ request: HTTPRequest) async throws -> HTTPError {
        let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
        return try #require(error)
    }

    // MARK: Requests and responses

    @Test func `a request arrives as it was made and its response comes back whole`() async throws {
        var received: [ReceivedRequest] = []
        let server = LoopbackServer { request, connection in
            received.append(request)
            connection.send(
                response(
                    "hello", status: "404 Not Found", headers: ["X-Amzn-RequestId:  abc ", "Twice: 1", "twice: 2"]))
        }
        let client = client { $0.userAgent = "test/1" }
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
        let client = client()
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

    @Test func `a body of a megabyte and more goes out without waiting for a permission`() async throws {
        var received: [ReceivedRequest] = []
        let server = LoopbackServer { request, connection in
            received.append(request)
            connection.send(Array(response("", headers: []).utf8))
        }
        let client = client()
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
        let client = client()

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
        let client = client()

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
        let client = client()

        let answer = try await client.send(get(server.url))

        #expect(answer.status == 200)
        #expect(answer.headers["x-early"] == nil)
        client.close()
        server.close()
    }

    @Test func `a redirect is an answer like any other`() async throws {
        let server = LoopbackServer(answering: response("", status: "302 Found", headers: ["location: /elsewhere"]))
        let client = client()

        let answer = try await client.send(get(server.url))

        #expect(answer.status == 302)
        #expect(answer.headers["location"] == "/elsewhere")
        client.close()
        server.close()
    }

    // MARK: Connections

    @Test func `requests one after the other share a connection`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = client()
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
        let client = client()

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
        let client = client()
        _ = try await client.send(post(server.url))
        server.closeConnections()

        _ = try await client.send(post(server.url))

        #expect(server.connectionsAccepted == 2)
        client.close()
        server.close()
    }

    @Test func `libcurl's own repetition of a request on a dead connection is counted`() async throws {
        var requests = 0
        let server = LoopbackServer { _, connection in
            requests += 1
            if requests == 2 { connection.reset() } else { connection.send(response("ok")) }
        }
        let client = client()
        _ = try await client.send(post(server.url))

        let answer = try await client.send(post(server.url, Array("some body".utf8)))

        #expect(answer.status == 200)
        #expect(requests == 3)
        #expect(client.statistics.resent == 1)
        client.close()
        server.close()
    }

    @Test func `a host whose first address refuses is reached at its second`() async throws {
        // localhost is ::1 and 127.0.0.1 where both are configured; the server listens on the latter only.
        let server = LoopbackServer(answering: response("ok"))
        let client = client()
        for _ in 0..<20 {
            let answer = try await client.send(get("http://localhost:\(server.port)/"))
            #expect(answer.status == 200)
            server.closeConnections()
        }
        client.close()
        server.close()
    }

    // MARK: Failures

    @Test func `a refused connection is a connect error that names the address`() async throws {
        let server = LoopbackServer(answering: "")
        server.close()
        let client = client()

        let error = try await failure(client, post(server.url))

        #expect(error.kind == .connect)
        #expect(error.message.contains("127.0.0.1"))
        #expect(client.statistics.errorsByKind == [.connect: 1])
        client.close()
    }

    @Test func `a host that does not resolve is a connect error`() async throws {
        let client = client()
        // A label of more than 63 letters: refused by the resolver itself, no name server is asked.
        let host = String(repeating: "x", count: 70) + ".invalid"
        #expect(try await failure(client, post("http://\(host)/")).kind == .connect)
        client.close()
    }

    @Test(arguments: [
        "not a url", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:99999/",
    ])
    func `a request that cannot be made is refused`(url: String) async throws {
        let client = client()
        #expect(try await failure(client, post(url)).kind == .invalidRequest)
        client.close()
    }

    @Test(arguments: ["X-A: 1\r\nX-B: 2", "X-A: 1\n", "X-A: \0"])
    func `a header that would break out of its line is refused`(header: String) async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = client()
        var request = post(server.url)
        request.headers.append(header)

        #expect(try await failure(client, request).kind == .invalidRequest)
        #expect(server.connectionsAccepted == 0)
        client.close()
        server.close()
    }

    @Test func `a reset before the response means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in connection.reset() }
        let client = client()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a close before the response means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in connection.close() }
        let client = client()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a reset in the middle of the body means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            EventLoop.shared.schedule(at: EventLoop.shared.now.advanced(by: .milliseconds(5))) { connection.reset() }
        }
        let client = client()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ])
    func `a body that ends early is truncated`(text: String) async throws {
        let server = LoopbackServer { _, connection in
            connection.send(text)
            connection.close()
        }
        let client = client()
        #expect(try await failure(client, post(server.url)).kind == .truncated)
        client.close()
        server.close()
    }

    @Test func `a peer that does not speak HTTP means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
            connection.close()
        }
        let client = client()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a response that does not come in time is a timeout`() async throws {
        let server = LoopbackServer { _, _ in }
        let client = client()
        var request = post(server.url)
        request.timeout = .milliseconds(30)

        let start = loop.now
        let error = try await failure(client, request)

        #expect(error.kind == .timeout)
        #expect(loop.now.since(start) >= .milliseconds(30))
        client.close()
        server.close()
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1001) + "\r\n",
    ])
    func `a body above the limit is too large, declared or not`(text: String) async throws {
        let server = LoopbackServer { _, connection in connection.send(text) }
        let client = client { $0.maximumBodySize = 1000 }
        #expect(try await failure(client, post(server.url)).kind == .tooLarge)
        client.close()
        server.close()
    }

    @Test func `a body of just the limit is not too large`() async throws {
        let server = LoopbackServer(answering: response(String(repeating: "x", count: 1000)))
        let client = client { $0.maximumBodySize = 1000 }
        #expect(try await client.send(post(server.url)).body.count == 1000)
        client.close()
        server.close()
    }

    // MARK: Cancellation

    @Test func `cancelling the task aborts the transfer`() async throws {
        let arrived = Waiting()
        let server = LoopbackServer { _, connection in arrived.arrive(connection) }
        let client = client()
        let request = post(server.url)
        let task = RequestPath.task { try await client.send(request) }
        await arrived.first()
        task.cancel()

        let error = await #expect(throws: HTTPError.self) { try await task.value }

        #expect(error?.kind == .cancelled)
        #expect(client.statistics.inFlight == 0)
        client.close()
        server.close()
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = client()
        let request = post(server.url)
        let task = RequestPath.task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }

        let error = await #expect(throws: HTTPError.self) { try await task.value }

        #expect(error?.kind == .cancelled)
        // The transfer that was kept from starting serves the next request.
        #expect(try await client.send(request).status == 200)
        client.close()
        server.close()
    }

    @Test func `requests cancelled at random leave the others alone`() async throws {
        var random = SeededGenerator(state: 11)
        let server = LoopbackServer { request, connection in connection.send(response(request.target)) }
        let client = client { $0.connectionsPerShard = 16 }
        var tasks: [Task<[UInt8], any Error>] = []
        for number in 0..<1000 {
            let request = post(server.url + String(number))
            tasks.append(RequestPath.task { try await client.send(request).body })
            if random.next() % 4 == 0 { tasks[Int(random.next() % UInt64(tasks.count))].cancel() }
            if random.next() % 8 == 0 { await Task.yield() }
        }
        var answered = 0
        for (number, task) in tasks.enumerated() {
            switch await task.result {
            case .success(let body):
                answered += 1
                #expect(body == Array("/\(number)".utf8))
            case .failure(let error): #expect((error as? HTTPError)?.kind == .cancelled)
            }
        }

        #expect(answered > 500)
        #expect(client.statistics.inFlight == 0)
        client.close()
        server.close()
    }

    @Test func `closing the client fails what is in flight and what comes later as cancelled`() async throws {
        let arrived = Waiting()
        let server = LoopbackServer { _, connection in arrived.arrive(connection) }
        let client = client()
        let request = post(server.url)
        let task = RequestPath.task { try await client.send(request) }
        await arrived.first()
        client.close()

        let error = await #expect(throws: HTTPError.self) { try await task.value }

        #expect(error?.kind == .cancelled)
        #expect(try await failure(client, request).kind == .cancelled)
        server.close()
    }
}

/// Connections whose requests have arrived.
@RequestPath
final class Waiting {
    private var held: [(connection: Connection, body: String)] = []
    private var arrivals = 0
    private var continuation: CheckedContinuation<Void, Never>?

    /// Answers when `count` requests wait, all at once.
    func hold(_ connection: Connection, until count: Int, body: String) {
        held.append((connection, body))
        guard held.count == count else { return }
        for (connection, body) in held { connection.send(response(body)) }
        held = []
    }

    func arrive(_ connection: Connection) {
        arrivals += 1
        continuation.take()?.resume()
    }

    /// Suspends until a request has arrived.
    func first() async {
        guard arrivals == 0 else { return }
        await withCheckedContinuation { continuation = $0 }
    }
}

/// A small generator with a seed, so that a failure repeats.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}

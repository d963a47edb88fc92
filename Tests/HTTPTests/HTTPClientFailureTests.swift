import EventLoop
import HTTP
import TestSupport
import Testing
import Time

/// Exchanges that end without a response, against a real server on loopback.
@RequestPath
@Suite struct HTTPClientFailureTests {
    let loop = EventLoop.shared

    // MARK: Failures

    @Test func `a refused connection is a connect error that names the address`() async throws {
        let server = LoopbackServer(answering: "")
        server.close()
        let client = makeClient()

        let error = try await failure(client, post(server.url))

        #expect(error.kind == .connect)
        #expect(error.message.contains("127.0.0.1"))
        #expect(client.statistics.errorsByKind == [.connect: 1])
        client.close()
    }

    @Test func `a host that does not resolve is a connect error`() async throws {
        let client = makeClient()
        // A label of more than 63 letters: refused by the resolver itself, no name server is asked.
        let host = String(repeating: "x", count: 70) + ".invalid"
        #expect(try await failure(client, post("http://\(host)/")).kind == .connect)
        client.close()
    }

    @Test(arguments: [
        "not a url", "http://", "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1:99999/",
    ])
    func `a request that cannot be made is refused`(url: String) async throws {
        let client = makeClient()
        #expect(try await failure(client, post(url)).kind == .invalidRequest)
        client.close()
    }

    @Test(arguments: ["X-A: 1\r\nX-B: 2", "X-A: 1\n", "X-A: \0"])
    func `a header that would break out of its line is refused`(header: String) async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = makeClient()
        var request = post(server.url)
        request.headers.append(header)

        #expect(try await failure(client, request).kind == .invalidRequest)
        #expect(server.connectionsAccepted == 0)
        client.close()
        server.close()
    }

    @Test func `a reset before the response means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in connection.reset() }
        let client = makeClient()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a close before the response means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in connection.close() }
        let client = makeClient()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a reset in the middle of the body means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            EventLoop.shared.schedule(at: EventLoop.shared.now.advanced(by: .milliseconds(5))) { connection.reset() }
        }
        let client = makeClient()
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
        let client = makeClient()
        #expect(try await failure(client, post(server.url)).kind == .truncated)
        client.close()
        server.close()
    }

    @Test func `a peer that does not speak HTTP means the connection was lost`() async throws {
        let server = LoopbackServer { _, connection in
            connection.send("SSH-2.0-OpenSSH_9.2\r\n")
            connection.close()
        }
        let client = makeClient()
        #expect(try await failure(client, post(server.url)).kind == .connectionLost)
        client.close()
        server.close()
    }

    @Test func `a response that does not come in time is a timeout`() async throws {
        let server = LoopbackServer { _, _ in }
        let client = makeClient()
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
        let client = makeClient { $0.maximumBodySize = 1000 }
        #expect(try await failure(client, post(server.url)).kind == .tooLarge)
        client.close()
        server.close()
    }

    @Test func `a body of just the limit is not too large`() async throws {
        let server = LoopbackServer(answering: response(String(repeating: "x", count: 1000)))
        let client = makeClient { $0.maximumBodySize = 1000 }
        #expect(try await client.send(post(server.url)).body.count == 1000)
        client.close()
        server.close()
    }

    // MARK: Cancellation

    /// A request that has reached a server which does not answer.
    private func requestInFlight(
        _ client: HTTPClient
    ) async -> (task: Task<HTTPResponse, any Error>, server: LoopbackServer) {
        let arrived = Waiting()
        let server = LoopbackServer { _, _ in arrived.arrive() }
        let request = post(server.url)
        let task = RequestPath.task { try await client.send(request) }
        await arrived.first()
        return (task, server)
    }

    @Test func `cancelling the task aborts the transfer`() async throws {
        let client = makeClient()
        let (task, server) = await requestInFlight(client)
        task.cancel()

        let error = await #expect(throws: HTTPError.self) { try await task.value }

        #expect(error?.kind == .cancelled)
        #expect(client.statistics.inFlight == 0)
        client.close()
        server.close()
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let client = makeClient()
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
        var random = SeededGenerator(seed: 11)
        let server = LoopbackServer { request, connection in connection.send(response(request.target)) }
        let client = makeClient { $0.connectionsPerShard = 16 }
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
        let client = makeClient()
        let (task, server) = await requestInFlight(client)
        client.close()

        let error = await #expect(throws: HTTPError.self) { try await task.value }

        #expect(error?.kind == .cancelled)
        #expect(try await failure(client, post(server.url)).kind == .cancelled)
        server.close()
    }
}

import EventLoop
import Glibc
import HTTP
import Testing

/// Requests over TLS, to nginx in front of a server of the test.
@RequestPath
@Suite struct HTTP2Tests {
    /// What the client trusts, and what a test changes.
    private func client(of nginx: NginxServer, _ change: (inout HTTPClient.Settings) -> Void = { _ in }) -> HTTPClient {
        makeClient {
            $0.caBundle = nginx.certificates.bundle
            change(&$0)
        }
    }

    /// Sends `count` requests at once; the outcomes, by number.
    private func send(
        _ count: Int, _ client: HTTPClient, to url: String, body: [UInt8] = Array("{}".utf8)
    ) async -> [Result<HTTPResponse, HTTPError>] {
        let tasks = (0..<count).map { number in
            RequestPath.task { () async -> Result<HTTPResponse, HTTPError> in
                do throws(HTTPError) { return .success(try await client.send(post(url + String(number), body))) } catch
                {
                    return .failure(error)
                }
            }
        }
        var outcomes: [Result<HTTPResponse, HTTPError>] = []
        for task in tasks { outcomes.append(await task.value) }
        return outcomes
    }

    private func areAnswered(_ outcomes: [Result<HTTPResponse, HTTPError>]) -> Bool {
        outcomes.enumerated().allSatisfy { number, outcome in
            (try? outcome.get())?.body == Array("/\(number)".utf8)
        }
    }

    // MARK: Which protocol

    @Test func `requests over TLS share one HTTP/2 connection, from the first on`() async throws {
        var protocols: Set<String> = []
        let server = LoopbackServer { request, connection in
            protocols.insert(request.header("X-Protocol") ?? "")
            connection.send(response(request.target))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)

        for _ in 1...2 { #expect(areAnswered(await send(100, client, to: nginx.url))) }

        #expect(protocols == ["HTTP/2.0"])
        #expect(client.statistics.connectionsOpened == 1)
        #expect(client.statistics.connectionsReused == 199)
        #expect(client.statistics.http2Responses == 200)
        #expect(client.openConnections == 1)
        client.close()
        #expect(client.openConnections == 0)
        server.close()
    }

    @Test(arguments: [true, false])
    func `HTTP/1.1 is spoken where it is set, and where the server knows nothing else`(isSet: Bool) async throws {
        var protocols: Set<String> = []
        let waiting = Waiting()
        let count = 150
        let server = LoopbackServer { request, connection in
            protocols.insert(request.header("X-Protocol") ?? "")
            waiting.hold(connection, until: count, body: request.target)
        }
        let nginx = try NginxServer(before: server.port) { $0.speaksHTTP2 = isSet }
        let client = client(of: nginx) { $0.version = isSet ? .http1 : .automatic }

        #expect(areAnswered(await send(count, client, to: nginx.url)))

        #expect(protocols == ["HTTP/1.1"])
        #expect(client.statistics.connectionsOpened == count)
        #expect(client.statistics.http1Responses == count)
        client.close()
        server.close()
    }

    // MARK: Many at once

    @Test func `a thousand requests in flight take a few connections`() async throws {
        FileDescriptorLimit.raise()
        let count = 1000
        let waiting = Waiting()
        let server = LoopbackServer { request, connection in
            waiting.hold(connection, until: count, body: request.target)
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)

        for _ in 1...2 { #expect(areAnswered(await send(count, client, to: nginx.url))) }

        // A hundred on each, two more for each of two shards; requests that wait long, as on a busy machine, get more.
        #expect(client.statistics.connectionsOpened <= 2 * HTTPClient.Settings().connectionsPerMultiplexedShard)
        client.close()
        server.close()
    }

    @Test func `a handshake that takes long is not begun again`() async throws {
        let listener = try ListeningSocket()
        let client = makeClient()
        var request = post("https://127.0.0.1:\(listener.port)/")
        request.timeout = .seconds(1)  // four times as long as it takes until it is looked after

        #expect(try await failure(client, request).kind == .timeout)

        #expect(listener.acceptAll() == 1)
        client.close()
    }

    @Test func `a server that allows few streams gets more connections, up to the limit`() async throws {
        let count = 8 * 4
        let waiting = Waiting()
        let server = LoopbackServer { request, connection in
            if request.target == "/warm" { return connection.send(response("ok")) }
            waiting.hold(connection, until: count, body: request.target)
        }
        let nginx = try NginxServer(before: server.port) { $0.streams = 4 }
        let client = client(of: nginx) { $0.connectionsPerMultiplexedShard = 8 }
        _ = try await client.send(post(nginx.url + "warm"))

        #expect(areAnswered(await send(count, client, to: nginx.url)))

        #expect(client.statistics.connectionsOpened == 8)
        client.close()
        server.close()
    }

    @Test func `requests beyond all streams wait for one`() async throws {
        let server = LoopbackServer { request, connection in connection.send(response(request.target)) }
        let nginx = try NginxServer(before: server.port) { $0.streams = 2 }
        let client = client(of: nginx) { $0.connectionsPerMultiplexedShard = 4 }
        #expect(areAnswered(await send(1, client, to: nginx.url)))

        #expect(areAnswered(await send(300, client, to: nginx.url)))

        #expect(client.statistics.connectionsOpened <= 4)
        client.close()
        server.close()
    }

    @Test func `large bodies pass side by side, both ways`() async throws {
        let server = LoopbackServer { request, connection in
            connection.send(response(String(decoding: request.body, as: UTF8.self)))
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        let body = (0..<400_000).map { UInt8(ascii: "a") + UInt8($0 % 23) }

        let outcomes = await send(40, client, to: nginx.url, body: body)

        #expect(outcomes.allSatisfy { (try? $0.get())?.body == body })
        client.close()
        server.close()
    }

    // MARK: Connections that end

    @Test func `a server that closes its connections again and again loses nothing and gets nothing twice`()
        async throws
    {
        var targets: [String] = []
        let server = LoopbackServer { request, connection in
            targets.append(request.target)
            connection.send(response(request.target))
        }
        let nginx = try NginxServer(before: server.port) { $0.requestsPerConnection = 70 }
        let client = client(of: nginx)
        for _ in 1...40 { #expect(areAnswered(await send(50, client, to: nginx.url))) }

        #expect(targets.count == 2000)
        #expect(Set(targets).count == 50)
        #expect(client.statistics.errors == 0)
        #expect(client.statistics.resent > 0)
        client.close()
        server.close()
    }

    @Test func `requests in flight on a connection that dies are not sent again`() async throws {
        let count = 50
        var requests = 0
        var worker: pid_t?
        let server = LoopbackServer { request, connection in
            if request.target == "/warm" { return connection.send(response("ok")) }
            requests += 1
            if requests == count, let process = request.header("X-Process").flatMap({ pid_t($0) }) {
                worker = process
                kill(process, SIGKILL)
            }
        }
        let nginx = try NginxServer(before: server.port)
        let client = client(of: nginx)
        _ = try await client.send(post(nginx.url + "warm"))

        let outcomes = await send(count, client, to: nginx.url)

        #expect(worker != nil)
        #expect(outcomes.allSatisfy { $0.failure?.kind == .connectionLost })
        #expect(requests == count)
        #expect(client.statistics.resent == 0)
        // nginx has another worker by now.
        #expect(try await client.send(post(nginx.url + "warm")).status == 200)
        client.close()
        server.close()
    }

    @Test func `when no connection can be opened, all that wait for it fail together`() async throws {
        let server = LoopbackServer(answering: "")
        server.close()
        let client = makeClient()

        let outcomes = await send(90, client, to: "https://127.0.0.1:\(server.port)/")

        #expect(outcomes.allSatisfy { $0.failure?.kind == .connect })
        client.close()
    }

    @Test func `a handshake that hangs fails all that wait for it after one time limit`() async throws {
        // Accepted by the system, never answered.
        let listener = try ListeningSocket()
        let client = makeClient { $0.connectTimeout = .milliseconds(200) }
        let loop = EventLoop.shared
        let start = loop.now

        let outcomes = await send(90, client, to: "https://127.0.0.1:\(listener.port)/")

        #expect(outcomes.allSatisfy { $0.failure?.kind == .timeout })
        // One after the other they would take 18 s.
        #expect(loop.now.since(start) < .seconds(9))
        client.close()
    }

    @Test func `a request's own limit holds while it waits for a connection`() async throws {
        let listener = try ListeningSocket()
        let client = makeClient()
        let url = "https://127.0.0.1:\(listener.port)/"
        let patient = RequestPath.task { try? await client.send(post(url)) }
        await Task.yield()
        var request = post(url)
        request.timeout = .milliseconds(50)

        #expect(try await failure(client, request).kind == .timeout)

        patient.cancel()
        _ = await patient.value
        client.close()
    }

    // MARK: Whom to trust

    @Test func `a server whose authority is not trusted is a connect error`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let nginx = try NginxServer(before: server.port)
        let other = try TestCertificates()
        for bundle in [nil, other.bundle, "/nonexistent.pem"] {
            let client = makeClient { $0.caBundle = bundle }
            #expect(try await failure(client, post(nginx.url)).kind == .connect)
            client.close()
        }
        server.close()
    }

    @Test func `a certificate for another name is a connect error`() async throws {
        let server = LoopbackServer(answering: response("ok"))
        let nginx = try NginxServer(before: server.port) { $0.names = "DNS:localhost" }
        let client = client(of: nginx)

        #expect(try await client.send(post("https://localhost:\(nginx.port)/")).status == 200)
        #expect(try await failure(client, post(nginx.url)).kind == .connect)
        client.close()
        server.close()
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

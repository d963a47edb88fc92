import EventLoop
import HTTP
import Logging
import Testing

@RequestPath
func makeClient(_ change: (inout HTTPClient.Settings) -> Void = { _ in }) -> HTTPClient {
    var settings = HTTPClient.Settings()
    change(&settings)
    return HTTPClient(settings: settings, logger: Logger(level: .error, format: .text))
}

func post(_ url: String, _ body: [UInt8] = Array("{}".utf8)) -> HTTPRequest {
    HTTPRequest(.post, url: url, headers: ["Content-Type: application/json"], body: body, timeout: .seconds(20))
}

func get(_ url: String) -> HTTPRequest { HTTPRequest(.get, url: url, timeout: .seconds(20)) }

/// The error of a request that must fail.
@RequestPath
func failure(_ client: HTTPClient, _ request: HTTPRequest) async throws -> HTTPError {
    let error = await #expect(throws: HTTPError.self) { try await client.send(request) }
    return try #require(error)
}

/// Lets a test wait for what happens at the server.
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

    func arrive() {
        arrivals += 1
        continuation.take()?.resume()
    }

    /// Suspends until a request has arrived.
    func first() async {
        guard arrivals == 0 else { return }
        await withCheckedContinuation { continuation = $0 }
    }
}

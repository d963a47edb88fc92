import ChatCompletions
import EventLoop
import HTTP
import JSON
import Logging
import ProviderAPI
import Redaction
import Routing
import TestSupport
import Testing
import Time

@testable import Bedrock

/// Whole calls over loopback: real HTTP, real signatures, scripted answers.
@RequestPath
@Suite struct BedrockProviderTests {
    private static let credentials = Credentials(
        accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        sessionToken: Secret("token"))
    private static let model = "bedrock/anthropic.claude-3-haiku-20240307-v1:0"
    private static let success = ScriptedServer.Answer.response(
        200,
        body: """
            {"output":{"message":{"role":"assistant","content":[{"text":"Hello \\u00e9"}]}},"stopReason":"end_turn",
            "usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5}}
            """)

    private let time = ManualTime()
    /// One for all tests, as the program has one for all requests.
    private static let http = HTTPClient(logger: Logger(level: .error, format: .json))

    private func provider(
        at url: String, model: String = model, environment: [String: String] = ["AWS_EC2_METADATA_DISABLED": "true"],
        _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) throws -> BedrockProvider {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: model)
        deployment.accessKeyID = Self.credentials.accessKeyID
        deployment.secretAccessKey = Self.credentials.secretAccessKey
        deployment.sessionToken = Self.credentials.sessionToken
        deployment.regionName = "us-east-1"
        deployment.runtimeEndpoint = url
        change(&deployment)
        return try BedrockProvider(
            deployments: [deployment], environment: environment, http: Self.http, time: time,
            logger: Logger(level: .error, format: .json))
    }

    private func complete(
        with provider: BedrockProvider, model: String = model, timeout: Duration = .seconds(30),
        members: String = #""max_tokens":5"#
    ) async throws -> ChatResponse {
        let body = #"{"model":"g","messages":[{"role":"user","content":"hi"}],\#(members)}"#
        let attempt = Attempt(
            group: "g", deployment: DeploymentID("d"), deploymentIndex: 0, model: model, timeout: timeout)
        return try await provider.complete(ChatRequest(json: Array(body.utf8)), attempt)
    }

    private func failure(
        with provider: BedrockProvider, model: String = model, timeout: Duration = .seconds(30),
        members: String = #""max_tokens":5"#
    ) async throws -> ProviderError {
        let error = await #expect(throws: ProviderError.self) {
            _ = try await complete(with: provider, model: model, timeout: timeout, members: members)
        }
        return try #require(error)
    }

    @Test func `a request is sent signed, and answered`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }

        let response = try await complete(with: provider(at: server.url))

        #expect(String(decoding: response.escapedContent, as: UTF8.self) == #"Hello \u00e9"#)
        #expect(response.finishReason == .stop)
        #expect(response.usage == Usage(promptTokens: 3, completionTokens: 2))
        #expect(response.model == "anthropic.claude-3-haiku-20240307-v1:0")
        #expect(response.created == time.now.unixMilliseconds / 1000)
        #expect(response.id.hasPrefix("chatcmpl-") && response.id.utf8.count == 41)

        let request = try #require(server.requests.first)
        let path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
        #expect(request.requestLine == "POST \(path) HTTP/1.1")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"messages":[{"role":"user","content":[{"text":"hi"}]}],"inferenceConfig":{"maxTokens":5}}"#)
        #expect(request.headers["host"] == "127.0.0.1:\(server.port)")
        #expect(request.headers["expect"] == nil)
        try expectSigned(request, path: path, at: time.now)
    }

    /// The signer agrees with botocore's vectors, so what it makes of the received bytes is what must have come.
    private func expectSigned(_ request: ScriptedServer.Request, path: String, at instant: Instant) throws {
        let target = SigningTarget(host: try #require(request.headers["host"]), path: path, region: "us-east-1")
        let expected = SigV4Signer().headers(
            signing: request.body, for: target, with: Self.credentials, at: instant)
        #expect(expected.count == 4)
        for header in expected {
            let name = header.prefix { $0 != ":" }
            #expect(request.headers[name.lowercased()] == String(header.dropFirst(name.count + 2)))
        }
    }

    @Test func `an API key is sent as it is, unsigned`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }

        _ = try await complete(with: provider(at: server.url) { $0.apiKey = Secret("bedrock-api-key") })

        let headers = try #require(server.requests.first?.headers)
        #expect(headers["authorization"] == "Bearer bedrock-api-key")
        #expect(headers["content-type"] == "application/json")
        #expect(headers["x-amz-date"] == nil)
        #expect(headers["x-amz-security-token"] == nil)
    }

    @Test func `a base path is kept and signed`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }

        _ = try await complete(with: provider(at: "\(server.url)/gateway/v1/"))

        let path = "/gateway/v1/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
        let request = try #require(server.requests.first)
        #expect(request.requestLine == "POST \(path) HTTP/1.1")
        try expectSigned(request, path: path, at: time.now)
    }

    @Test func `a clock that is off is corrected and the call repeated once`() async throws {
        let refusal = ScriptedServer.Answer.response(
            403,
            headers: ["x-amzn-ErrorType: InvalidSignatureException:http://x", "Date: Mon, 05 Jan 2026 12:00:00 GMT"],
            body: #"{"message":"Signature expired"}"#)
        let server = try ScriptedServer([refusal, Self.success])
        defer { server.stop() }
        let provider = try provider(at: server.url)

        _ = try await complete(with: provider)
        _ = try await complete(with: provider)

        #expect(
            server.requests.map { $0.headers["x-amz-date"] }.dropFirst() == ["20260105T120000Z", "20260105T120000Z"])
        #expect(provider.statistics.clockCorrections == 1)
    }

    private static func refusal(_ code: String) -> ScriptedServer.Answer {
        .response(403, headers: ["x-amzn-ErrorType: \(code)"], body: #"{"message":"m"}"#)
    }

    /// A deployment whose keys come from a container's endpoint at `url`.
    private func containerProvider(at server: ScriptedServer, keysFrom url: String) throws -> BedrockProvider {
        try provider(at: server.url, environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url]) {
            $0.accessKeyID = nil
            $0.secretAccessKey = nil
            $0.sessionToken = nil
        }
    }

    private static func keys(_ id: String) -> ScriptedServer.Answer {
        .response(
            200,
            body: #"{"AccessKeyId":"\#(id)","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-05T16:00:00Z"}"#)
    }

    @Test(arguments: ["ExpiredTokenException", "UnrecognizedClientException"])
    func `keys that are no longer good are replaced, and the call repeated once`(_ code: String) async throws {
        let source = try ScriptedServer([Self.keys("OLD"), Self.keys("NEW")])
        defer { source.stop() }
        let server = try ScriptedServer([Self.refusal(code), Self.success])
        defer { server.stop() }

        _ = try await complete(with: containerProvider(at: server, keysFrom: source.url))

        let signatures = server.requests.compactMap { $0.headers["authorization"] }
        #expect(signatures.map { $0.contains("Credential=OLD/") } == [true, false])
        #expect(signatures.map { $0.contains("Credential=NEW/") } == [false, true])
        #expect(source.requests.count == 2)
    }

    @Test func `keys that go on being refused are replaced once, not for ever`() async throws {
        let source = try ScriptedServer([Self.keys("OLD"), Self.keys("NEW")])
        defer { source.stop() }
        let server = try ScriptedServer([Self.refusal("ExpiredTokenException")])
        defer { server.stop() }

        let error = try await failure(with: containerProvider(at: server, keysFrom: source.url))

        #expect(error.reply.status == 403)
        #expect(server.requests.count == 2)
    }

    @Test func `keys that cannot be had make a 503 that cools down, and nothing is sent`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }
        let source = try ScriptedServer([.response(200, body: "{}")])
        defer { source.stop() }

        let error = try await failure(with: containerProvider(at: server, keysFrom: source.url))

        #expect(error.attempt == AttemptFailure(.serviceUnavailable, status: 503))
        #expect(error.reply.status == 503)
        #expect(server.requests.isEmpty)
    }

    @Test func `a request waits for its keys no longer than it may`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }
        let source = try ScriptedServer([.silence])
        defer { source.stop() }

        let error = try await failure(
            with: containerProvider(at: server, keysFrom: source.url), timeout: .milliseconds(20))

        #expect(error.attempt.failureClass == .timeout)
        #expect(server.requests.isEmpty)
    }

    @Test func `an endpoint that goes on refusing is asked twice, not for ever`() async throws {
        let refusal = ScriptedServer.Answer.response(
            403, headers: ["x-amzn-ErrorType: RequestTimeTooSkewed", "Date: Mon, 05 Jan 2026 12:00:00 GMT"], body: "")
        let server = try ScriptedServer([refusal])
        defer { server.stop() }

        let error = try await failure(with: provider(at: server.url))

        #expect(error.attempt.failureClass == .permissionDenied)
        #expect(error.reply.status == 403)
        #expect(server.requests.count == 2)
    }

    @Test func `an error answer is told in routing's and the requester's terms`() async throws {
        let server = try ScriptedServer([
            .response(
                429,
                headers: ["x-amzn-ErrorType: ThrottlingException", "x-amzn-RequestId: r-1", "Retry-After: 3"],
                body: #"{"message":"Too many tokens, please wait before trying again."}"#)
        ])
        defer { server.stop() }

        let error = try await failure(with: provider(at: server.url))

        #expect(error.attempt == AttemptFailure(.rateLimit, status: 429, retryAfter: .seconds(3)))
        #expect(error.reply.status == 429)
        #expect(error.reply.message == "ThrottlingException: Too many tokens, please wait before trying again.")
        #expect(error.code == "ThrottlingException")
        #expect(error.requestID == "r-1")
    }

    @Test(arguments: ["", "{", #"{"output":{"message":{"content":[]}}}"#, "<html>"])
    func `a 200 that is no answer is a 502`(_ body: String) async throws {
        let server = try ScriptedServer([.response(200, headers: ["x-amzn-RequestId: r-2"], body: body)])
        defer { server.stop() }

        let error = try await failure(with: provider(at: server.url))

        #expect(error.attempt == AttemptFailure(.badGateway, status: 502))
        #expect(error.reply.status == 502)
        #expect(error.requestID == "r-2")
    }

    @Test func `an unknown stop reason is answered as stop and counted`() async throws {
        let body = """
            {"output":{"message":{"content":[]}},"stopReason":"malformed_tool_use","usage":{"inputTokens":1,"outputTokens":0}}
            """
        let server = try ScriptedServer([.response(200, body: body)])
        defer { server.stop() }
        let provider = try provider(at: server.url)

        #expect(try await complete(with: provider).finishReason == .stop)
        #expect(provider.statistics.unknownStopReasons == 1)
    }

    @Test func `an answer cut short, and none at all, are failures worth a retry`() async throws {
        let cut = try ScriptedServer([.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")])
        defer { cut.stop() }
        #expect(try await failure(with: provider(at: cut.url)).attempt.status == 502)

        let closed = try ScriptedServer([.raw("")])
        defer { closed.stop() }
        let lost = try await failure(with: provider(at: closed.url))
        #expect(lost.attempt == AttemptFailure(.apiConnection, status: 503))
    }

    @Test func `an attempt ends at its timeout`() async throws {
        let server = try ScriptedServer([.silence])
        defer { server.stop() }

        let error = try await failure(with: provider(at: server.url), timeout: .milliseconds(50))

        #expect(error.attempt == AttemptFailure(.timeout, status: 408))
        #expect(error.reply.type == .timeout)
    }

    @Test func `a cancelled call says that nothing is to be learnt from it`() async throws {
        let server = try ScriptedServer([.silence])
        defer { server.stop() }
        let provider = try provider(at: server.url)
        let call = Task { try await complete(with: provider) }

        call.cancel()

        let error = await #expect(throws: ProviderError.self) { _ = try await call.value }
        #expect(error?.isCancelled == true)
    }

    @Test func `what is refused here is not sent`() async throws {
        let server = try ScriptedServer([Self.success])
        defer { server.stop() }

        let unknown = try provider(at: server.url, model: "bedrock/invalid")
        let notFound = try await failure(with: unknown, model: "bedrock/invalid")
        #expect(notFound.attempt == AttemptFailure(.notFound, status: 404))
        #expect(notFound.reply.code == "model_not_found")

        let unsupported = try await failure(with: provider(at: server.url), members: #""seed":1"#)
        #expect(unsupported.attempt == AttemptFailure(.badRequest, status: 400))
        #expect(unsupported.reply.param == "seed")

        let anonymous = try provider(at: server.url) {
            ($0.accessKeyID, $0.secretAccessKey, $0.sessionToken) = (nil, nil, nil)
        }
        let missing = try await failure(with: anonymous)
        #expect(missing.attempt == AttemptFailure(.authentication, status: 401))
        #expect(missing.reply.message.contains("Unable to locate credentials"))

        #expect(server.requests.isEmpty)
    }

    @Test func `ids do not repeat`() {
        var ids = ResponseIDs()
        #expect(Set((0..<1000).map { _ in ids.next() }).count == 1000)
    }
}

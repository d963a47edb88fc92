import ChatCompletions
import EventLoop
import HTTP
import Logging
import ProviderAPI
import Redaction
import Routing
import Simulator
import TestSupport
import Testing
import Time

@testable import Bedrock

/// Streamed calls over loopback, to the simulator's ConverseStream.
@RequestPath
@Suite struct BedrockStreamTests {
    private static let model = "bedrock/anthropic.claude-3-haiku-20240307-v1:0"
    private static let http = HTTPClient(logger: Logger(level: .error, format: .json))

    private struct Told {
        var content = ""
        var deltas: [ChatDelta] = []
        var conclusion: ChatConclusion?
        var failure: ProviderError?
    }

    private func stream(
        _ url: String, members: String = #""max_tokens":5"#, timeout: Duration = .seconds(20),
        model: String = Self.model
    ) async throws -> any ChatStream {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: model)
        deployment.accessKeyID = "AKIDEXAMPLE"
        deployment.secretAccessKey = Secret("secret")
        deployment.regionName = "us-east-1"
        deployment.runtimeEndpoint = url
        let provider = try BedrockProvider(
            deployments: [deployment], environment: ["AWS_EC2_METADATA_DISABLED": "true"], http: Self.http,
            time: ManualTime(), logger: Logger(level: .error, format: .json))
        let body = #"{"model":"g","stream":true,"messages":[{"role":"user","content":"hi"}],\#(members)}"#
        let attempt = Attempt(
            group: "g", deployment: DeploymentID("d"), deploymentIndex: 0, model: model, timeout: timeout)
        return try await provider.stream(ChatRequest(json: Array(body.utf8)), attempt, limit: .seconds(60))
    }

    private func tell(
        _ script: ModelScript, members: String = #""max_tokens":5"#, timeout: Duration = .seconds(20),
        model: String = Self.model
    ) async throws -> Told {
        let simulator = try BedrockSimulator()
        simulator.setScript(script)
        defer { simulator.stop() }
        var told = Told()
        do {
            let stream = try await stream(simulator.url, members: members, timeout: timeout, model: model)
            while let deltas = try await stream.next() { told.deltas += deltas }
            told.conclusion = stream.conclusion
        } catch let error as ProviderError {
            told.failure = error
        }
        for case .content(let text) in told.deltas { told.content += String(decoding: text, as: UTF8.self) }
        return told
    }

    @Test func `an answer comes in pieces and ends with its usage`() async throws {
        let told = try await tell(
            ModelScript(inputTokens: .fixed(12), outputTokens: .fixed(40), text: .fixed("one \"two\" three")))
        #expect(told.deltas.count == 3)
        #expect(told.content == #"one \"two\" three"#)
        #expect(told.conclusion?.finishReason == .stop)
        #expect(told.conclusion?.usage == Usage(promptTokens: 12, completionTokens: 40))
    }

    @Test(arguments: [
        ("ai21.jamba-instruct-v1:0", #""max_tokens":5"#),
        ("us.meta.llama3-3-70b-instruct-v1:0", #""tools":[{"type":"function","function":{"name":"get_weather"}}]"#),
    ])
    func `models that cannot stream are asked for the whole`(_ model: String, _ members: String) async throws {
        let script = ModelScript(
            outputTokens: .fixed(40), text: .fixed("one two three"),
            tool: .init(name: "get_weather", input: #"{"city": "Paris"}"#), reasoning: "hm hm")
        let told = try await tell(script, members: members, model: "bedrock/" + model)
        #expect(
            told.deltas == [
                .reasoning(escaped: Array("hm hm".utf8)),
                .content(escaped: Array("one two three".utf8)),
                .toolCall(index: 0, id: "tooluse_Sim1", name: "get_weather"),
                .toolArguments(index: 0, escaped: Array(#"{\"city\": \"Paris\"}"#.utf8)),
            ])
        #expect(told.conclusion?.finishReason == .toolCalls)
        #expect(told.conclusion?.usage?.completionTokens == 40)
    }

    @Test func `reasoning and tool calls come as such`() async throws {
        let told = try await tell(
            ModelScript(
                text: .fixed("Let me see."), tool: .init(name: "get_weather", input: #"{"city": "Paris"}"#),
                reasoning: "hm hm"))
        #expect(told.deltas.first == .reasoning(escaped: Array("hm".utf8)))
        #expect(told.deltas.contains(.toolCall(index: 0, id: "tooluse_Sim1", name: "get_weather")))
        var arguments: [UInt8] = []
        for case .toolArguments(0, let text) in told.deltas { arguments += text }
        #expect(String(decoding: arguments, as: UTF8.self) == #"{\"city\": \"Paris\"}"#)
        #expect(told.conclusion?.finishReason == .toolCalls)
    }

    @Test func `a schema's answer comes as text where it is given through a tool`() async throws {
        let told = try await tell(
            ModelScript(text: .fixed(""), tool: .init(name: "json_tool_call", input: #"{"a": 1}"#)),
            members: #""response_format":{"type":"json_schema","json_schema":{"name":"s","schema":{"type":"object"}}}"#)
        #expect(told.content == #"{\"a\": 1}"#)
        #expect(told.conclusion?.finishReason == .stop)
    }

    @Test(
        arguments: [
            ("throttlingException", 429), ("modelStreamErrorException", 424), ("validationException", 400),
            ("internalServerException", 500), ("serviceUnavailableException", 503), ("someNewException", 500),
        ], [0, 2])
    func `an exception within the stream counts as its status`(_ row: (type: String, status: Int), _ pieces: Int)
        async throws
    {
        // With a delay, so that the pieces are read before the exception.
        let told = try await tell(
            ModelScript(
                steps: [.streamFault(.exception(row.type), after: pieces)], text: .fixed("one two three"),
                streamDelay: .milliseconds(10)))
        #expect(told.failure?.attempt.status == row.status)
        #expect(told.failure?.code == row.type)
        #expect(told.failure?.requestID?.count == 36)
        // Pieces that came together with the exception are not given.
        #expect([0, pieces].contains(told.deltas.count))
        #expect(told.conclusion == nil)
    }

    @Test(
        arguments: [
            ModelScript.Step.streamFault(.cut, after: 1), .streamFault(.tear, after: 1), .malformedBody(),
            .truncatedBody(), .streamFault(.cut, after: 3),
        ])
    func `a stream that ends early is a bad gateway`(_ step: ModelScript.Step) async throws {
        let told = try await tell(ModelScript(steps: [step], text: .fixed("one two three")))
        #expect(told.failure?.attempt.status == 502)
        #expect(told.conclusion == nil)
    }

    @Test func `pieces that nobody has seen are not given when the stream fails at once`() async throws {
        let told = try await tell(
            ModelScript(steps: [.streamFault(.exception("throttlingException"), after: 2)], text: .fixed("a b c")))
        #expect(told.failure?.attempt.status == 429)
        #expect(told.deltas.isEmpty)
    }

    @Test func `a connection that breaks is a connection error`() async throws {
        let told = try await tell(ModelScript(steps: [.resetMidBody], text: .fixed("a b c")))
        #expect(told.failure?.attempt.failureClass == .apiConnection)
    }

    @Test func `a stream that stalls times out`() async throws {
        let told = try await tell(
            ModelScript(steps: [.streamFault(.stall, after: 1)], text: .fixed("a b c"), streamDelay: .milliseconds(1)),
            timeout: .milliseconds(150))
        #expect("a".hasPrefix(told.content))
        #expect(told.failure?.attempt.status == 408)
    }

    @Test(arguments: [429, 400, 500, 503])
    func `an error before the stream is that of the whole call`(_ status: Int) async throws {
        let told = try await tell(ModelScript(steps: [.answer(status: status)]))
        #expect(told.failure?.attempt.status == status)
        #expect(told.failure?.code?.hasSuffix("Exception") == true)
    }

    @Test func `an answer that is no event stream is refused`() async throws {
        let server = try ScriptedServer([
            .response(200, headers: ["Content-Type: text/event-stream"], body: "data: {}\n\n")
        ])
        defer { server.stop() }
        await #expect(throws: ProviderError.self) { _ = try await stream(server.url) }
        #expect(
            server.requests.first?.requestLine
                == "POST /model/anthropic.claude-3-haiku-20240307-v1%3A0/converse-stream HTTP/1.1")
    }

    @Test func `a guardrail's stream mode goes along, in streams only`() async throws {
        let server = try ScriptedServer([.response(500, body: "{}")])
        defer { server.stop() }
        let guardrail =
            #""guardrailConfig":{"guardrailIdentifier":"g","guardrailVersion":"1","streamProcessingMode":"async"}"#
        await #expect(throws: ProviderError.self) { _ = try await stream(server.url, members: guardrail) }
        let body = try #require(server.requests.first?.body)
        #expect(String(decoding: body, as: UTF8.self).contains(#""streamProcessingMode":"async""#))
        // This one's answer comes whole.
        await #expect(throws: ProviderError.self) {
            _ = try await stream(server.url, members: guardrail, model: "bedrock/ai21.jamba-1-5-mini-v1:0")
        }
        let whole = try #require(server.requests.last)
        #expect(whole.requestLine.contains("/converse HTTP"))
        #expect(!String(decoding: whole.body, as: UTF8.self).contains("streamProcessingMode"))
    }

    @Test func `a long stream comes whole`() async throws {
        let told = try await tell(ModelScript(outputTokens: .fixed(5000), text: .fixed(" word"), streamTokens: 5000))
        #expect(told.content.utf8.count == 5000 * 5)
        #expect(told.conclusion?.usage?.completionTokens == 5000)
    }
}

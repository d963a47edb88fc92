import ChatCompletions
import EventLoop
import JSON
import Partitions
import ProviderAPI
import Routing
import Testing
import Time

@testable import Pipeline

@Suite struct RequestHandlerTests {
    @Test @RequestPath func `a good request is answered with every header of the contract`() async throws {
        let fixture = PipelineFixture()
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

        try await fixture.handler.handle(
            .request(
                PipelineFixture.body,
                headers: [("correlation-id", Array("abc".utf8)), ("traceparent", Array(parent.utf8))],
                key: Array("user-1".utf8)))

        let reply = try #require(fixture.publisher.published.first)
        #expect(reply.topic == "replies")
        #expect(reply.key == Array("user-1".utf8))
        #expect(reply.text("correlation-id") == "abc")
        #expect(reply.text("traceparent") == parent)
        #expect(reply.text("content-type") == "application/json")
        #expect(reply.text("x-relay-status") == "200")
        #expect(reply.text("x-relay-model-group") == "claude-3")
        #expect(reply.text("x-relay-model") == "anthropic.haiku")
        #expect(reply.text("x-relay-deployment-id") == "haiku")
        #expect(reply.text("x-relay-attempted-retries") == "0")
        #expect(reply.text("x-relay-attempted-fallbacks") == "0")
        #expect(reply.text("x-relay-response-cost") == "0.000092")
        #expect(reply.text("x-relay-source") == "chat.requests/3/17")
        let body = try JSONDocument(parsing: reply.value ?? []).root
        #expect(body["object"]?.string == "chat.completion")
        #expect(fixture.publisher.records(on: "dlq").isEmpty)
    }

    @Test @RequestPath func `each finished request leaves one routing event keyed by its model group`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request(PipelineFixture.body))

        let event = try #require(fixture.publisher.posted.first)
        #expect(fixture.publisher.posted.count == 1)
        #expect(event.topic == "metrics")
        #expect(event.key == Array("claude-3".utf8))
        let body = try JSONDocument(parsing: event.value ?? []).root
        #expect(body["outcome"]?.string == "success")
        #expect(body["attempts"]?.elements.count == 1)
        #expect(body["usage"]?["total_tokens"]?.integer == 52)
    }

    @Test(
        arguments: [
            (nil, 400), ("not json", 400), (#"{"messages": []}"#, 400), (#"{"model": "claude-3", "messages": 1}"#, 400),
            (#"{"model": "nobody", "messages": [{"role": "user", "content": "hi"}]}"#, 400),
        ] as [(String?, Int)])
    @RequestPath
    func `bad input gets an error reply and a dead letter, and no call is made`(value: String?, status: Int)
        async throws
    {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request(value))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-status") == String(status))
        let letter = try #require(fixture.publisher.records(on: "dlq").first)
        #expect(letter.value == value.map { Array($0.utf8) })
        #expect(letter.text("x-relay-error-status") == String(status))
        #expect(letter.headers.last("kafka_dlt-original-offset").map(Array.init) == [0, 0, 0, 0, 0, 0, 0, 17])
        #expect(letter.text("__connect.errors.topic") == "chat.requests")
        #expect(fixture.provider.calls.isEmpty)
        let event = try JSONDocument(parsing: fixture.publisher.posted.first?.value ?? []).root
        #expect(event["outcome"]?.string == "invalid")
    }

    @Test @RequestPath func `what is wrong with a request is said on the reply topic it names`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request("not json", headers: [("reply-topic", Array("replies.web".utf8))]))

        #expect(fixture.publisher.published.first?.topic == "replies.web")
    }

    @Test @RequestPath func `a value beyond the size bound is refused with 413`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request(String(repeating: "\0", count: 20_000_001)))

        #expect(fixture.publisher.records(on: "replies").first?.text("x-relay-status") == "413")
        #expect(fixture.publisher.records(on: "dlq").count == 1)
    }

    @Test @RequestPath func `a reply topic off the list is refused to the default topic`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(
            .request(PipelineFixture.body, headers: [("reply-topic", Array("secrets".utf8))]))

        let reply = try #require(fixture.publisher.published.first)
        #expect(reply.topic == "replies")
        #expect(reply.text("x-relay-status") == "403")
        #expect(fixture.provider.calls.isEmpty)
    }

    @Test @RequestPath func `an allowed reply topic and partition are used`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(
            .request(
                PipelineFixture.body,
                headers: [("kafka_replyTopic", Array("replies.web".utf8)), ("kafka_replyPartition", [0, 0, 0, 2])]))

        #expect(fixture.publisher.published.first?.topic == "replies.web")
        #expect(fixture.publisher.published.first?.partition == 2)
    }

    @Test(arguments: [("replies.gone", nil), ("replies.web", 4)] as [(String, Int32?)])
    @RequestPath
    func `a reply topic or partition that does not exist is refused before the model is called`(
        topic: String, partition: Int32?
    ) async throws {
        let fixture = PipelineFixture()
        fixture.publisher.partitionCounts["replies.gone"] = 0
        var headers = [("reply-topic", Array(topic.utf8))]
        if let partition { headers.append(("reply-partition", Array(String(partition).utf8))) }

        try await fixture.handler.handle(.request(PipelineFixture.body, headers: headers))

        // A topic that is there is told, on whatever partition.
        #expect(fixture.publisher.published.first?.topic == (partition == nil ? "replies" : topic))
        #expect(fixture.publisher.published.first?.partition == nil)
        #expect(fixture.publisher.published.first?.text("x-relay-status") == "400")
        #expect(fixture.provider.calls.isEmpty)
    }

    @Test(
        arguments: [
            (#"{"model":"claude-3","stream":true,"messages":[]}"#, []),
            (#"{"stream":true,"temperature":"hot","model":"claude-3"}"#, []),
            (#"{"model":"claude-3","stream":true}"#, [("deadline", Array("soon".utf8))]),
            (#"{"model":"claude-3","stream":true}"#, [("reply-topic", Array("__offsets".utf8))]),
        ] as [(String, [(String, [UInt8])])])
    @RequestPath
    func `a refused request is answered as what it asked for: a stream ends, its group is named`(
        body: String, headers: [(String, [UInt8])]
    ) async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request(body, headers: headers))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-stream-index") == "0")
        #expect(reply.text("x-relay-stream-end") == "true")
        #expect(reply.text("x-relay-model-group") == "claude-3")
        let event = try JSONDocument(parsing: fixture.publisher.posted.first?.value ?? []).root
        #expect(event["model_group"]?.string == "claude-3")
        #expect(event["stream"]?.bool == true)
        #expect(event["outcome"]?.string == "invalid")
    }

    @Test @RequestPath func `a request past its deadline is answered 504 and not sent`() async throws {
        let fixture = PipelineFixture()

        try await fixture.handler.handle(.request(PipelineFixture.body, headers: [("deadline", Array("1000".utf8))]))

        #expect(fixture.publisher.records(on: "replies").first?.text("x-relay-status") == "504")
        #expect(fixture.provider.calls.isEmpty)
    }

    @Test @RequestPath func `a failure upstream is answered with its status and buried`() async throws {
        let fixture = PipelineFixture { $0.numRetries = 0 }
        fixture.provider.answer = { _ throws(ProviderError) in throw .status(500, .serviceUnavailable) }

        try await fixture.handler.handle(.request(PipelineFixture.body))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-status") == "500")
        #expect(reply.text("x-relay-model") == nil)
        #expect(reply.valueText.contains("upstream said 500"))
        let event = try JSONDocument(parsing: fixture.publisher.posted.first?.value ?? []).root
        #expect(event["outcome"]?.string == "error")
        #expect(event["attempts"]?.elements.first { _ in true }?["error_type"]?.string == "TestException")
    }

    @Test @RequestPath func `a request that brings its own answer costs no call`() async throws {
        let fixture = PipelineFixture()
        let body = #"{"model":"claude-3","messages":[{"role":"user","content":"hi"}],"mock_response":"mocked"}"#

        try await fixture.handler.handle(.request(body))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-status") == "200")
        #expect(reply.valueText.contains(#""content":"mocked""#))
        #expect(fixture.provider.calls.isEmpty)
    }

    @Test @RequestPath func `retries are counted`() async throws {
        let fixture = PipelineFixture(deployments: [.sample("one"), .sample("two")])
        fixture.provider.answer = { [provider = fixture.provider] attempt throws(ProviderError) in
            if provider.calls.count == 1 { throw .status(503, .serviceUnavailable) }
            return .sample(model: attempt.model)
        }

        try await fixture.handler.handle(.request(PipelineFixture.body))

        #expect(fixture.provider.calls.count == 2)
        #expect(fixture.publisher.published.first?.text("x-relay-attempted-retries") == "1")
    }

    @Test @RequestPath func `an answer too large for its topic becomes an error that keeps the usage`() async throws {
        let fixture = PipelineFixture()
        fixture.publisher.failures["replies"] = [DeliveryError(.tooLarge, message: "too large")]

        try await fixture.handler.handle(.request(PipelineFixture.body))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-status") == "413")
        #expect(reply.valueText.contains("40 completion tokens"))
        #expect(fixture.provider.calls.count == 1)
    }

    @Test @RequestPath func `an outcome that cannot be delivered now is delivered later, without another call`()
        async throws
    {
        let fixture = PipelineFixture()
        fixture.publisher.failures["replies"] = [
            DeliveryError(.unavailable, message: "no broker"), DeliveryError(.unavailable, message: "no broker"),
        ]

        try await fixture.handler.handle(.request(PipelineFixture.body))

        #expect(fixture.publisher.records(on: "replies").first?.text("x-relay-status") == "200")
        #expect(fixture.provider.calls.count == 1)
    }

    @Test @RequestPath func `an error reply that its topic refuses goes to the default topic`() async throws {
        let fixture = PipelineFixture { $0.numRetries = 0 }
        fixture.provider.answer = { _ throws(ProviderError) in throw .status(500, .serviceUnavailable) }
        fixture.publisher.failures["replies.web"] = [DeliveryError(.refused, message: "not authorised")]

        try await fixture.handler.handle(
            .request(PipelineFixture.body, headers: [("reply-topic", Array("replies.web".utf8))]))

        #expect(fixture.publisher.records(on: "replies").first?.text("x-relay-status") == "500")
    }

    @Test @RequestPath func `a request whose key no reply can hold is answered without it`() async throws {
        let fixture = PipelineFixture()
        let tooLarge = DeliveryError(.tooLarge, message: "too large")
        fixture.publisher.failures = ["replies": [tooLarge, tooLarge], "dlq": [tooLarge]]
        let headers = [("correlation-id", [UInt8](repeating: 0x61, count: 10_000))]

        try await fixture.handler.handle(.request(PipelineFixture.body, headers: headers, key: [1, 2, 3]))

        let reply = try #require(fixture.publisher.records(on: "replies").first)
        #expect(reply.text("x-relay-status") == "413")
        #expect(reply.text("x-relay-source") == "chat.requests/3/17")
        #expect(reply.text("correlation-id") == "chat.requests-3-17")
        #expect(reply.key == Array("chat.requests-3-17".utf8))
        #expect(fixture.publisher.records(on: "dlq").isEmpty)
    }

    @Test @RequestPath func `a cancelled request has no outcome`() async throws {
        let fixture = PipelineFixture()
        fixture.provider.answer = { _ throws(ProviderError) in
            var error = ProviderError.status(500, .apiConnection)
            error.isCancelled = true
            withUnsafeCurrentTask { $0?.cancel() }
            throw error
        }

        let task = Task { @RequestPath in try await fixture.handler.handle(.request(PipelineFixture.body)) }

        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(fixture.publisher.published.isEmpty)
    }
}

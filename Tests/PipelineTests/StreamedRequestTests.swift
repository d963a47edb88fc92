import ChatCompletions
import EventLoop
import JSON
import Partitions
import ProviderAPI
import Routing
import Testing
import Time

@testable import Pipeline

/// Streamed requests from the record to the end record, over fakes.
@RequestPath
@Suite struct StreamedRequestTests {
    private static func record(_ members: String = "") -> ConsumerRecord {
        var headers = RecordHeaders()
        headers.append("correlation-id", text: "c-1")
        let body =
            #"{"model": "claude-3", "stream": true, "messages": [{"role": "user", "content": "hi"}]\#(members)}"#
        return ConsumerRecord(
            source: TopicPartition(topic: "chat.requests", partition: 0), offset: Offset(17), timestamp: -1,
            key: Array("k".utf8), value: Array(body.utf8), headers: headers)
    }

    private func content(_ records: [ProducerRecord]) throws -> [String] {
        try records.compactMap { record in
            guard record.valueText != "[DONE]" else { return nil }
            let root = try JSONDocument(parsing: record.value ?? []).root
            return root["choices"]?.elements.first?["delta"]?["content"]?.string
        }
    }

    private func expectNumbered(_ records: [ProducerRecord], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(
            records.map { $0.text("x-relay-stream-index") } == records.indices.map { "\($0)" },
            sourceLocation: sourceLocation)
        #expect(
            records.map { $0.text("x-relay-stream-end") }
                == records.indices.map { $0 == records.count - 1 ? "true" : nil }, sourceLocation: sourceLocation)
        #expect(records.allSatisfy { $0.key == Array("k".utf8) }, sourceLocation: sourceLocation)
    }

    @Test func `an answer is published piece by piece, then its end`() async throws {
        let pipeline = PipelineFixture()
        pipeline.provider.stream = { _ in FakeStream([.pieces(["Hel", "lo"]), .pieces(["!"])]) }
        try await pipeline.handler.handle(Self.record())
        let records = pipeline.publisher.records(on: "replies")
        #expect(try content(records) == ["Hel", "lo", "!"])
        #expect(records.last?.valueText == "[DONE]")
        #expect(records.dropLast().last?.valueText.contains(#""finish_reason":"stop""#) == true)
        expectNumbered(records)
        for record in records {
            #expect(record.text("x-relay-status") == "200")
            #expect(record.text("correlation-id") == "c-1")
            #expect(record.text("x-relay-model") == "anthropic.haiku")
            #expect(record.text("x-relay-source") == "chat.requests/0/17")
        }
        #expect(records.last?.text("x-relay-response-cost") != nil)
        let event = try #require(pipeline.publisher.posted.first).valueText
        #expect(event.contains(#""stream":true"#))
        #expect(!event.contains(#""time_to_first_token_ms":null"#))
    }

    @Test func `the usage comes as a chunk of its own where it is asked for`() async throws {
        let pipeline = PipelineFixture()
        try await pipeline.handler.handle(Self.record(#", "stream_options": {"include_usage": true}"#))
        let records = pipeline.publisher.records(on: "replies")
        #expect(records.count == 4)
        #expect(records[2].valueText.contains(#""choices":[],"usage":{"prompt_tokens":12,"completion_tokens":40"#))
        #expect(records[0].valueText.hasSuffix(#""usage":null}"#))
        expectNumbered(records)
    }

    @Test func `small pieces are grouped, the first is not held back`() async throws {
        let pipeline = PipelineFixture(streamFlush: .seconds(60))
        pipeline.provider.stream = { _ in FakeStream([.pieces(["a", "b", "c"]), .pieces(["d"])]) }
        try await pipeline.handler.handle(Self.record())
        #expect(try content(pipeline.publisher.records(on: "replies")) == ["a", "bcd"])
    }

    @Test func `grouped pieces leave when their time has come`() async throws {
        let pipeline = PipelineFixture(streamFlush: .milliseconds(1))
        let gate = Gate()
        pipeline.provider.stream = { _ in FakeStream([.pieces(["a", "b", "c"]), .gate(gate), .pieces(["d"])]) }
        let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
        await pipeline.publisher.untilPublished(2)
        #expect(try content(pipeline.publisher.records(on: "replies")) == ["a", "bc"])
        gate.open()
        try await request.value
        #expect(try content(pipeline.publisher.records(on: "replies")).joined() == "abcd")
    }

    @Test func `pieces of another kind end a group`() async throws {
        let pipeline = PipelineFixture(streamFlush: .seconds(60))
        pipeline.provider.stream = { _ in
            FakeStream([
                .deltas([
                    .reasoning(escaped: Array("hm".utf8)), .content(escaped: Array("a".utf8)),
                    .toolCall(index: 0, id: "t", name: "f"), .toolArguments(index: 0, escaped: Array("{".utf8)),
                    .toolArguments(index: 0, escaped: Array("}".utf8)),
                ])
            ])
        }
        try await pipeline.handler.handle(Self.record())
        #expect(pipeline.publisher.records(on: "replies").count == 6)
    }

    @Test func `a failure before the first piece falls back`() async throws {
        let pipeline = PipelineFixture(deployments: [.sample("haiku"), .sample("sonnet", group: "other")]) {
            $0.fallbacks = [RouterSettings.FallbackList(group: "claude-3", targets: ["other"])]
            $0.numRetries = 0
        }
        pipeline.provider.stream = { attempt in
            FakeStream(
                attempt.group == "other" ? [.pieces(["ok"])] : [.failure(.status(503, .serviceUnavailable))])
        }
        try await pipeline.handler.handle(Self.record())
        let records = pipeline.publisher.records(on: "replies")
        #expect(try content(records) == ["ok"])
        #expect(records.first?.text("x-relay-model") == "anthropic.sonnet")
        #expect(records.first?.text("x-relay-attempted-fallbacks") == "1")
        expectNumbered(records)
    }

    @Test func `a failure after it ends the stream with an error, and no other deployment is asked`() async throws {
        let pipeline = PipelineFixture(deployments: [.sample("haiku"), .sample("sonnet")]) { $0.numRetries = 3 }
        pipeline.provider.stream = { _ in
            FakeStream([.pieces(["part"]), .failure(.status(503, .serviceUnavailable))])
        }
        try await pipeline.handler.handle(Self.record())
        #expect(pipeline.provider.calls.count == 1)
        let records = pipeline.publisher.records(on: "replies")
        #expect(records.count == 2)
        #expect(records.last?.text("x-relay-status") == "503")
        #expect(records.last?.valueText.contains("upstream said 503") == true)
        expectNumbered(records)
        #expect(pipeline.publisher.records(on: "dlq").count == 1)
        #expect(pipeline.publisher.posted.first?.valueText.contains(#""outcome":"error","status":503"#) == true)
    }

    @Test func `a request that fails without any piece is answered with one last record`() async throws {
        let pipeline = PipelineFixture { $0.numRetries = 0 }
        pipeline.provider.stream = { _ throws(ProviderError) in throw .status(400, .badRequest) }
        try await pipeline.handler.handle(Self.record())
        let records = pipeline.publisher.records(on: "replies")
        #expect(records.map { $0.text("x-relay-status") } == ["400"])
        expectNumbered(records)
    }

    @Test func `an answer without content has a finish reason and an end`() async throws {
        let pipeline = PipelineFixture()
        pipeline.provider.stream = { _ in FakeStream([]) }
        try await pipeline.handler.handle(Self.record())
        let records = pipeline.publisher.records(on: "replies")
        #expect(records.count == 2)
        #expect(records[0].valueText.contains(#""delta":{"role":"assistant"},"finish_reason":"stop""#))
        expectNumbered(records)
    }

    @Test func `a mock response is streamed as well`() async throws {
        var deployment = Deployment.sample("haiku")
        deployment.mockResponse = "mocked"
        let pipeline = PipelineFixture(deployments: [deployment])
        try await pipeline.handler.handle(Self.record())
        #expect(pipeline.provider.calls.isEmpty)
        #expect(try content(pipeline.publisher.records(on: "replies")) == ["mocked"])
    }

    @Test func `a filtered answer goes to the fallback only while nothing of it is published`() async throws {
        for (pieces, expected) in [([FakeStream.Step](), "anthropic.sonnet"), ([.pieces(["no"])], "anthropic.haiku")] {
            let pipeline = PipelineFixture(deployments: [.sample("haiku"), .sample("sonnet", group: "other")]) {
                $0.contentPolicyFallbacks = [RouterSettings.FallbackList(group: "claude-3", targets: ["other"])]
            }
            pipeline.provider.stream = { attempt in
                attempt.group == "other"
                    ? FakeStream([.pieces(["ok"])])
                    : FakeStream(
                        pieces,
                        conclusion: ChatConclusion(
                            finishReason: .contentFilter, usage: Usage(promptTokens: 1, completionTokens: 0)))
            }
            try await pipeline.handler.handle(Self.record())
            #expect(pipeline.publisher.records(on: "replies").last?.text("x-relay-model") == expected)
        }
    }

    @Test func `chunks that are not taken for the moment are sent again, in order`() async throws {
        let pipeline = PipelineFixture()
        let lost = DeliveryError(.unavailable, message: "no broker")
        pipeline.publisher.failures["replies"] = [lost, lost, lost]
        pipeline.provider.stream = { _ in FakeStream([.pieces(["a"]), .pieces(["b"])]) }
        try await pipeline.handler.handle(Self.record())
        #expect(pipeline.provider.calls.count == 1)
        let records = pipeline.publisher.records(on: "replies")
        #expect(try content(records) == ["a", "b"])
        expectNumbered(records)
    }

    @Test func `a chunk lost behind which others got through ends the stream with an error`() async throws {
        let pipeline = PipelineFixture()
        pipeline.publisher.failures["replies"] = [DeliveryError(.unavailable, message: "no broker")]
        pipeline.provider.stream = { _ in FakeStream([.pieces(["a"]), .pieces(["b"])]) }
        try await pipeline.handler.handle(Self.record())
        let records = pipeline.publisher.records(on: "replies")
        #expect(!records.contains { $0.valueText == "[DONE]" })
        #expect(records.last?.text("x-relay-status") == "502")
        #expect(records.filter { $0.text("x-relay-stream-end") != nil }.count == 1)
    }

    @Test func `a topic that refuses the first chunk gets nothing, and the request fails`() async throws {
        let pipeline = PipelineFixture()
        pipeline.publisher.failures["replies"] = [DeliveryError(.refused, message: "not allowed")]
        try await pipeline.handler.handle(Self.record())
        let end = try #require(pipeline.publisher.records(on: "replies").last)
        #expect(end.text("x-relay-status") == "502")
        #expect(end.text("x-relay-stream-end") == "true")
        #expect(pipeline.publisher.records(on: "dlq").count == 1)
    }

    // A reply topic that is slow.

    private static let long = String(repeating: "x", count: 10_000)

    @Test func `a model that cannot be held up is read on while the reply topic stalls, and nothing is lost`()
        async throws
    {
        for interval in [Duration.zero, .milliseconds(1)] {
            let pipeline = PipelineFixture(streamFlush: interval)
            pipeline.publisher.stalled = ["replies"]
            let gate = Gate()
            let steps = (0..<40).map { FakeStream.Step.pieces([Self.long + "\($0) "]) }
            pipeline.provider.stream = { _ in FakeStream(steps + [.gate(gate)], isPausable: false) }
            let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
            // All of it has been read, although not all of it is on its way.
            await gate.untilWaiting(1)
            await pipeline.publisher.untilStalled(4)
            #expect(pipeline.publisher.stalledCount < 12)
            gate.open()
            pipeline.publisher.release()
            try await request.value
            let records = pipeline.publisher.records(on: "replies")
            #expect(try content(records).joined() == (0..<40).map { Self.long + "\($0) " }.joined())
            #expect(records.last?.valueText == "[DONE]")
            expectNumbered(records)
        }
    }

    @Test func `a model that can be held up is not read on`() async throws {
        let pipeline = PipelineFixture()
        pipeline.publisher.stalled = ["replies"]
        let gate = Gate()
        let steps = (0..<40).map { _ in FakeStream.Step.pieces([Self.long]) }
        pipeline.provider.stream = { _ in FakeStream(steps + [.gate(gate)]) }
        let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
        await pipeline.publisher.untilStalled(4)
        #expect(gate.waitingCount == 0)
        pipeline.publisher.release()
        await gate.untilWaiting(1)
        gate.open()
        try await request.value
        #expect(try content(pipeline.publisher.records(on: "replies")).joined().utf8.count == 400_000)
    }

    @Test func `too much that waits for the reply topic ends the stream with an error that says so`() async throws {
        let pipeline = PipelineFixture(streamLimit: 100_000)
        pipeline.publisher.stalled = ["replies"]
        let steps = (0..<40).map { _ in FakeStream.Step.pieces([Self.long]) }
        pipeline.provider.stream = { _ in FakeStream(steps, isPausable: false) }
        let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
        await pipeline.publisher.untilStalled(4)
        pipeline.publisher.release()
        try await request.value
        #expect(pipeline.provider.calls.count == 1)
        let records = pipeline.publisher.records(on: "replies")
        expectNumbered(records)
        #expect(records.last?.text("x-relay-status") == "503")
        #expect(records.last?.valueText.contains(#""code":"reply_topic_too_slow""#) == true)
        #expect(records.last?.valueText.contains("more than 100000 bytes wait for it") == true)
        #expect(pipeline.publisher.records(on: "dlq").count == 1)
    }

    @Test func `what waits for the reply topic counts as buffered, until it is gone`() async throws {
        let pipeline = PipelineFixture()
        let loop = ConsumerLoop(
            settings: ConsumerLoop.Settings(scheduler: SchedulerSettings(), drainGrace: .zero), source: FakeSource(),
            handler: pipeline.handler, logger: .discard)
        pipeline.publisher.stalled = ["replies"]
        let gate = Gate()
        let steps = (0..<40).map { _ in FakeStream.Step.pieces([Self.long]) }
        pipeline.provider.stream = { _ in FakeStream(steps + [.gate(gate)], isPausable: false) }
        let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
        await gate.untilWaiting(1)
        #expect(loop.bufferedBytes >= 400_000)
        gate.open()
        pipeline.publisher.release()
        try await request.value
        #expect(loop.bufferedBytes == 0)
    }

    @Test func `an answer without usage is a success that tells none, and keeps its reservation`() async throws {
        var deployment = Deployment.sample("haiku")
        deployment.limits.tokensPerMinute = 1_000_000
        let pipeline = PipelineFixture(deployments: [deployment])
        pipeline.provider.stream = { _ in
            FakeStream([.pieces(["a"])], conclusion: ChatConclusion(finishReason: .stop, usage: nil))
        }
        try await pipeline.handler.handle(Self.record(#", "stream_options": {"include_usage": true}"#))
        let records = pipeline.publisher.records(on: "replies")
        #expect(records.count == 3)
        #expect(records[1].valueText.hasSuffix(#""usage":null}"#))
        #expect(records.last?.valueText == "[DONE]")
        #expect(records.last?.text("x-relay-response-cost") == nil)
        let event = try #require(pipeline.publisher.posted.first).valueText
        #expect(event.contains(#""outcome":"success""#))
        #expect(event.contains(#""usage":null,"cost_usd":null"#))
        let status = try #require(pipeline.router.status(now: EventLoop.shared.now).first)
        #expect(status.reservedTokens == 0)
        #expect(status.tokensThisMinute > 0)
    }

    @Test func `a request given up leaves no end record`() async throws {
        let pipeline = PipelineFixture()
        let gate = Gate()
        pipeline.provider.stream = { _ in FakeStream([.pieces(["a"]), .gate(gate)]) }
        let request = RequestPath.task { try await pipeline.handler.handle(Self.record()) }
        await gate.untilWaiting(1)
        request.cancel()
        gate.open()
        await #expect(throws: CancellationError.self) { try await request.value }
        #expect(pipeline.publisher.records(on: "replies").allSatisfy { $0.text("x-relay-stream-end") == nil })
    }
}

import ChatCompletions
import JSON
import Testing

@testable import Bedrock

@Suite struct ConverseStreamReaderTests {
    /// What a requester would see of a stream.
    private struct Seen {
        var deltas: [ChatDelta] = []
        var conclusion: ChatConclusion?
        var failure: String?
    }

    private func read(_ bytes: [UInt8], form: AnswerForm = AnswerForm()) -> Seen {
        var decoder = EventStreamDecoder()
        decoder.append(bytes)
        var messages: [EventStreamMessage] = []
        while let message = try? decoder.next() { messages.append(message) }
        var seen = read(messages, form: form)
        let isSound = (try? decoder.next()) != nil || (try? decoder.finish()) != nil
        if seen.failure == nil, !isSound || seen.conclusion == nil { seen.failure = "failed 502" }
        return seen
    }

    private func read(_ messages: [EventStreamMessage], form: AnswerForm = AnswerForm()) -> Seen {
        var reader = ConverseStreamReader(form: form)
        var seen = Seen()
        do throws(ConverseStreamReader.Failure) {
            for message in messages { try reader.read(message, into: &seen.deltas) }
            seen.conclusion = reader.conclusion
        } catch {
            switch error {
            case .malformed: seen.failure = "failed 502"
            case .exception(let error): seen.failure = "failed \(BedrockErrors.providerError(error).attempt.status)"
            }
        }
        return seen
    }

    private func event(_ type: String, _ payload: String) -> EventStreamMessage {
        EventStreamMessage(
            headers: [
                .init(name: ":event-type", value: .string(type)), .init(name: ":message-type", value: .string("event")),
            ], payload: Array(payload.utf8))
    }

    private func content(_ deltas: [ChatDelta]) -> String {
        deltas.reduce(into: "") { text, delta in
            if case .content(let bytes) = delta { text += String(decoding: bytes, as: UTF8.self) }
        }
    }

    @Test(arguments: EventStreamVector.all.filter { $0.result != nil })
    func `a stream becomes OpenAI's deltas, or the failure it is`(_ vector: EventStreamVector) throws {
        let seen = read(vector.bytes)
        if let expected = try vector.deltas() {
            var writer = ChatChunkWriter(ChatStreamHead(id: "i", created: 1, model: "m"), includesUsage: false)
            let deltas = try seen.deltas.map { delta in
                let chunk = try JSONDocument(parsing: writer.json(.delta(delta))).root
                let choice = try #require(chunk["choices"]?.elements.first)
                return try Fixtures.canonical(#require(choice["delta"]).source)
            }
            #expect(deltas == expected)
        }
        #expect((seen.failure ?? "complete") == vector.result)
        guard vector.result == "complete" else { return }
        let conclusion = try #require(seen.conclusion)
        #expect(conclusion.finishReason.rawValue == vector.finishReason)
        let usage = try #require(conclusion.usage)
        #expect(
            vector.usage == [
                "prompt_tokens": usage.promptTokens, "completion_tokens": usage.completionTokens,
                "total_tokens": usage.totalTokens, "cached_tokens": usage.cacheReadTokens,
                "cache_creation_tokens": usage.cacheWriteTokens,
            ])
    }

    @Test func `thinking tokens, service tier and trace are kept for the end`() throws {
        let seen = read([
            event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"hi"}}"#),
            event(
                "messageStop",
                #"{"stopReason":"end_turn","additionalModelResponseFields":{"usage":{"output_tokens_details":{"thinking_tokens":5}}}}"#
            ),
            event(
                "metadata",
                #"{"usage":{"inputTokens":1,"outputTokens":2},"serviceTier":{"type":"priority"},"trace":{"guardrail":{}}}"#
            ),
        ])
        let conclusion = try #require(seen.conclusion)
        #expect(conclusion.usage?.reasoningTokens == 5)
        #expect(conclusion.serviceTier == "priority")
        #expect(String(decoding: conclusion.trace, as: UTF8.self) == #"{"guardrail":{}}"#)
    }

    @Test func `tools are called by the requester's names`() throws {
        var names = ToolNames()
        let valid = try names.add("what is the weather", at: "")
        let seen = read(
            [
                event(
                    "contentBlockStart",
                    #"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"\#(valid)"}}}"#)
            ],
            form: AnswerForm(toolNames: names))
        #expect(seen.deltas == [.toolCall(index: 0, id: "t", name: "what is the weather")])
    }

    private static let jsonForm = AnswerForm(toolNames: nil, isJSONToolCall: true)
    private static let jsonStart =
        #"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t","name":"json_tool_call"}}}"#

    @Test func `the input of the JSON tool is the answer, without what is said beside it`() throws {
        let seen = read(
            [
                event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"Here it is:"}}"#),
                event("contentBlockStart", Self.jsonStart),
                event("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"a\":"}}}"#),
                event("contentBlockDelta", #"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"1}"}}}"#),
                event("contentBlockStop", #"{"contentBlockIndex":1}"#),
                event("messageStop", #"{"stopReason":"tool_use"}"#),
            ], form: Self.jsonForm)
        #expect(content(seen.deltas) == #"{\"a\":1}"#)
        #expect(seen.conclusion?.finishReason == .stop)
    }

    @Test func `text alone is the answer when the JSON tool is not called`() throws {
        let seen = read(
            [
                event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"I "}}"#),
                event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"cannot."}}"#),
                event("messageStop", #"{"stopReason":"end_turn"}"#),
            ], form: Self.jsonForm)
        #expect(seen.deltas == [.content(escaped: Array("I cannot.".utf8))])
    }

    @Test func `a JSON tool without input answers with an empty object`() throws {
        let seen = read(
            [
                event("contentBlockStart", Self.jsonStart), event("contentBlockStop", #"{"contentBlockIndex":1}"#),
                event("messageStop", #"{"stopReason":"tool_use"}"#),
            ], form: Self.jsonForm)
        #expect(content(seen.deltas) == "{}")
    }

    @Test func `an event that is not JSON is a malformed answer`() {
        let untyped = EventStreamMessage(headers: [], payload: [])
        for message in [event("messageStop", "{"), untyped] { #expect(read([message]).failure == "failed 502") }
    }

    @Test(arguments: [nil, "{}", #"{"usage":{"inputTokens":1}}"#])
    func `an answer that does not tell its usage is complete, without it`(_ metadata: String?) throws {
        let seen = read(
            [
                event("contentBlockDelta", #"{"contentBlockIndex":0,"delta":{"text":"hi"}}"#),
                event("messageStop", #"{"stopReason":"end_turn"}"#),
            ] + [metadata.map { event("metadata", $0) }].compactMap { $0 })
        #expect(seen.failure == nil)
        #expect(seen.conclusion == ChatConclusion(finishReason: .stop, usage: nil))
    }

    @Test func `an unknown stop reason counts as stop, and is told`() throws {
        var reader = ConverseStreamReader(form: AnswerForm())
        var deltas: [ChatDelta] = []
        try reader.read(event("messageStop", #"{"stopReason":"tired"}"#), into: &deltas)
        #expect(reader.conclusion?.finishReason == .stop)
        #expect(reader.hasUnknownStopReason)
    }
}

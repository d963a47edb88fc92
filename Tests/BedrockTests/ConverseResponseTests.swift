import ChatCompletions
import TestSupport
import Testing

@testable import Bedrock

@Suite struct ConverseResponseTests {
    private static func answer(
        content: String = #"[{"text":"Hello"}]"#, stopReason: String = "end_turn",
        usage: String = #"{"inputTokens":3,"outputTokens":2,"totalTokens":5}"#
    ) -> [UInt8] {
        Array(
            """
            {"output":{"message":{"role":"assistant","content":\(content)}},"stopReason":"\(stopReason)",
            "usage":\(usage),"metrics":{"latencyMs":12},"future":{}}
            """.utf8)
    }

    private static func text(_ content: String) throws -> String {
        String(decoding: try ConverseResponse(json: answer(content: content)).escapedContent, as: UTF8.self)
    }

    @Test(arguments: [
        (#"[{"text":"a\n"},{"text":"\u00e9"}]"#, #"a\n\u00e9"#), ("[]", ""),
        (#"[{"reasoningContent":{"reasoningText":{"text":"r"}}},{"text":"a"}]"#, "a"),
        (#"[{"citationsContent":{"content":[{"text":"c"},{"text":"d"}]}}]"#, "cd"),
        (#"[{"text":"a"},{"citationsContent":{"content":[{"text":"c"}]}}]"#, "a"),
    ])
    func `texts are joined as they are`(_ content: String, _ expected: String) throws {
        #expect(try Self.text(content) == expected)
    }

    @Test(arguments: [
        ("end_turn", ChatResponse.FinishReason.stop, false), ("stop_sequence", .stop, false),
        ("max_tokens", .length, false), ("tool_use", .toolCalls, false),
        ("guardrail_intervened", .contentFilter, false), ("content_filtered", .contentFilter, false),
        ("model_context_window_exceeded", .length, false), ("malformed_model_output", .stop, true),
        ("something_new", .stop, true),
    ])
    func `a stop reason has its finish reason`(
        _ reason: String, _ expected: ChatResponse.FinishReason, _ isUnknown: Bool
    ) throws {
        let response = try ConverseResponse(json: Self.answer(stopReason: reason))
        #expect(response.finishReason == expected)
        #expect(response.hasUnknownStopReason == isUnknown)
    }

    @Test func `tool calls go by the requester's names`() throws {
        var names = ToolNames()
        _ = try names.add("get.it", at: "")
        let content = #"[{"text":"a"},{"toolUse":{"toolUseId":"t1","name":"get_it","input":{"a": "\u00e9"}}}]"#
        let response = try ConverseResponse(
            json: Self.answer(content: content, stopReason: "tool_use"), form: AnswerForm(toolNames: names))
        #expect(
            response.toolCalls == [ToolCall(id: "t1", name: "get.it", arguments: Array(#"{"a": "\u00e9"}"#.utf8))])
        #expect(response.finishReason == .toolCalls)
    }

    @Test func `the JSON tool's input is the answer`() throws {
        let content = #"[{"text":"Sure:"},{"toolUse":{"toolUseId":"t1","name":"json_tool_call","input":{"a":"\n"}}}]"#
        let response = try ConverseResponse(
            json: Self.answer(content: content, stopReason: "tool_use"), form: AnswerForm(isJSONToolCall: true))
        #expect(String(decoding: response.escapedContent, as: UTF8.self) == #"{\"a\":\"\\n\"}"#)
        #expect(response.toolCalls.isEmpty)
        #expect(response.finishReason == .stop)
    }

    @Test(arguments: [false, true])
    func `calls beside the JSON answer are still calls`(_ isJSONFirst: Bool) throws {
        let json = #"{"toolUse":{"toolUseId":"t1","name":"json_tool_call","input":{}}}"#
        let other = #"{"toolUse":{"toolUseId":"t2","name":"f","input":{}}}"#
        let content = isJSONFirst ? "[\(json),\(other)]" : "[\(other),\(json)]"
        let response = try ConverseResponse(
            json: Self.answer(content: content, stopReason: "tool_use"), form: AnswerForm(isJSONToolCall: true))
        #expect(response.toolCalls.map(\.id) == ["t2"])
        #expect(response.finishReason == .toolCalls)
    }

    @Test func `reasoning comes as one text and as blocks to send back`() throws {
        let content = """
            [{"reasoningContent":{"reasoningText":{"text":"r\\n","signature":"s"}}},
            {"reasoningContent":{"redactedContent":"eA=="}},{"reasoningContent":{"reasoningText":{"text":"q"}}},{"text":"a"}]
            """
        let response = try ConverseResponse(json: Self.answer(content: content))
        #expect(String(decoding: response.escapedReasoning, as: UTF8.self) == #"r\nq"#)
        #expect(
            response.thinkingBlocks == [
                .thinking(escaped: Array(#"r\n"#.utf8), escapedSignature: Array("s".utf8)),
                .redacted(escapedData: Array("eA==".utf8)), .thinking(escaped: Array("q".utf8), escapedSignature: []),
            ])
    }

    @Test func `citations become annotations, with their place where the passage is the content`() throws {
        let cited =
            #"{"citationsContent":{"content":[{"text":"\u00e9b"}],"citations":[{"title":"T","location":{"web":{"url":"u"}}}]}}"#
        #expect(
            try ConverseResponse(json: Self.answer(content: "[\(cited),\(cited)]")).annotations == [
                URLCitation(url: "u", title: "T", range: 0..<2), URLCitation(url: "u", title: "T", range: 2..<4),
            ])
        #expect(
            try ConverseResponse(json: Self.answer(content: #"[{"text":"a"},\#(cited)]"#)).annotations == [
                URLCitation(url: "u", title: "T", range: nil)
            ])
    }

    @Test func `trace, service tier and reasoning tokens are told where they are known`() throws {
        let usage = """
            {"inputTokens":1,"outputTokens":9},"trace":{"guardrail":{}},"serviceTier":{"type":"flex"},
            "additionalModelResponseFields":{"usage":{"output_tokens_details":{"thinking_tokens":7}}}
            """
        let response = try ConverseResponse(json: Self.answer(usage: usage))
        #expect(response.usage.reasoningTokens == 7)
        #expect(response.serviceTier == "flex")
        #expect(String(decoding: response.trace, as: UTF8.self) == #"{"guardrail":{}}"#)
    }

    @Test func `cached input counts as input, as OpenAI has it`() throws {
        let usage =
            #"{"inputTokens":3,"outputTokens":2,"totalTokens":35,"cacheReadInputTokens":10,"cacheWriteInputTokens":20}"#
        let response = try ConverseResponse(json: Self.answer(usage: usage))
        #expect(
            response.usage
                == Usage(
                    promptTokens: 33, completionTokens: 2, totalTokens: 35, cacheReadTokens: 10, cacheWriteTokens: 20))
    }

    @Test(arguments: [
        "", "null", "[]", "{}", "<html>", #"{"output":{}}"#,
        #"{"output":{"message":{"content":[]}}}"#, #"{"usage":{"inputTokens":1,"outputTokens":1}}"#,
        #"{"output":{"message":{"content":[]}},"usage":{"inputTokens":1}}"#,
        #"{"output":{"message":{"content":[]}},"usage":{"inputTokens":-1,"outputTokens":99999999999999999999}}"#,
    ])
    func `an answer without message or usage is malformed`(_ json: String) {
        #expect(throws: ConverseResponse.Malformation.self) { try ConverseResponse(json: Array(json.utf8)) }
    }

    @Test func `no beginning of an answer passes for the whole`() {
        let whole = Self.answer()
        for length in 0..<whole.count {
            #expect(throws: ConverseResponse.Malformation.self) {
                try ConverseResponse(json: Array(whole.prefix(length)))
            }
        }
    }

    @Test func `damaged answers are refused or read, never a crash`() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            var bytes = Self.answer()
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = try? ConverseResponse(json: bytes)
        }
    }
}

import ChatCompletions
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
        var random = SeededGenerator(state: 7)
        for _ in 0..<2000 {
            var bytes = Self.answer()
            for _ in 0..<3 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = try? ConverseResponse(json: bytes)
        }
    }

    /// SplitMix64: the same damage in every run.
    private struct SeededGenerator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            let word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
            return word ^ (word >> 27)
        }
    }
}

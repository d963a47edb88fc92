import ChatCompletions
import Testing

@Suite struct ChatResponseDeltasTests {
    private static func response() -> ChatResponse {
        ChatResponse(id: "i", created: 1, model: "m", escapedContent: [], finishReason: .stop, usage: nil)
    }

    @Test func `every part of an answer is a piece, thoughts first and calls last`() {
        var answer = Self.response()
        answer.escapedContent = Array(#"a\n"#.utf8)
        answer.thinkingBlocks = [
            .thinking(escaped: Array("t".utf8), escapedSignature: Array("s".utf8)),
            .redacted(escapedData: Array("eA==".utf8)), .thinking(escaped: [], escapedSignature: []),
        ]
        answer.toolCalls = [
            ToolCall(id: "1", name: "f", arguments: Array(#"{"a":"\n"}"#.utf8)),
            ToolCall(id: "2", name: "g", arguments: Array("{}".utf8)),
        ]
        #expect(
            answer.deltas == [
                .reasoning(escaped: Array("t".utf8)), .signature(escaped: Array("s".utf8)),
                .redactedReasoning(escaped: Array("eA==".utf8)), .content(escaped: Array(#"a\n"#.utf8)),
                .toolCall(index: 0, id: "1", name: "f"),
                .toolArguments(index: 0, escaped: Array(#"{\"a\":\"\\n\"}"#.utf8)),
                .toolCall(index: 1, id: "2", name: "g"), .toolArguments(index: 1, escaped: Array("{}".utf8)),
            ])
    }

    @Test func `an answer without words has none`() { #expect(Self.response().deltas.isEmpty) }
}

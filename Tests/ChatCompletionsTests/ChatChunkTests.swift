import ChatCompletions
import JSON
import Testing

@Suite struct ChatChunkTests {
    private let head = ChatStreamHead(id: "chatcmpl-1", created: 7, model: "m")
    private let conclusion = ChatConclusion(
        finishReason: .length, usage: Usage(promptTokens: 3, completionTokens: 2))

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `the role comes with the first chunk only`() {
        var writer = ChatChunkWriter(head, includesUsage: false)
        let first = text(writer.json(.delta(.content(escaped: Array(#"a\n"#.utf8)))))
        let second = text(writer.json(.delta(.content(escaped: [0x62]))))
        let last = text(writer.json(.finish(conclusion)))
        #expect(
            first
                == #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{"index":0,"#
                + #""delta":{"role":"assistant","content":"a\n"},"finish_reason":null}]}"#)
        #expect(second.contains(#""delta":{"content":"b"}"#))
        #expect(last.contains(#""delta":{},"finish_reason":"length""#))
    }

    @Test func `usage is a chunk of its own, and null before`() throws {
        var writer = ChatChunkWriter(head, includesUsage: true)
        let usage = try #require(conclusion.usage)
        let chunks: [ChatChunk] = [.delta(.content(escaped: [])), .finish(conclusion), .usage(usage)]
        let texts = chunks.map { text(writer.json($0)) }
        #expect(texts[0].hasSuffix(#"],"usage":null}"#))
        #expect(texts[1].hasSuffix(#"],"usage":null}"#))
        #expect(
            texts[2].hasSuffix(
                #""choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#))
    }

    @Test func `service tier and trace come with the finish reason`() {
        var conclusion = conclusion
        conclusion.serviceTier = "flex"
        conclusion.trace = Array(#"{"guardrail":{}}"#.utf8)
        var writer = ChatChunkWriter(head, includesUsage: false)
        let chunk = text(writer.json(.finish(conclusion)))
        #expect(chunk.hasSuffix(#"],"service_tier":"flex","trace":{"guardrail":{}}}"#))
    }

    @Test(
        arguments: [
            (.content(escaped: [0x61]), .content(escaped: [0x62]), .content(escaped: [0x61, 0x62])),
            (.reasoning(escaped: [0x61]), .reasoning(escaped: [0x62]), .reasoning(escaped: [0x61, 0x62])),
            (
                .toolArguments(index: 1, escaped: [0x61]), .toolArguments(index: 1, escaped: [0x62]),
                .toolArguments(index: 1, escaped: [0x61, 0x62])
            ),
            (.content(escaped: [0x61]), .reasoning(escaped: [0x62]), nil),
            (.reasoning(escaped: [0x61]), .signature(escaped: [0x62]), nil),
            (.toolArguments(index: 1, escaped: [0x61]), .toolArguments(index: 2, escaped: [0x62]), nil),
            (.toolCall(index: 0, id: "i", name: "n"), .toolCall(index: 0, id: "i", name: "n"), nil),
        ] as [(ChatDelta, ChatDelta, ChatDelta?)])
    func `pieces of one text grow together, others stay apart`(first: ChatDelta, next: ChatDelta, merged: ChatDelta?) {
        var delta = first
        let isMerged = delta.merge(next)
        #expect(isMerged == (merged != nil))
        #expect(delta == merged ?? first)
    }
}

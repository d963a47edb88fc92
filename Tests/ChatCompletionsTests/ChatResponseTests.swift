import ChatCompletions
import JSON
import Testing

@Suite struct ChatResponseTests {
    private func response(usage: Usage) -> ChatResponse {
        ChatResponse(
            id: ChatCompletionID(high: 1, low: 2).description, created: 1_700_000_000, model: "amazon.nova-lite-v1:0",
            escapedContent: Array(#"He said \"hi\"\n\u00e9"#.utf8), finishReason: .length, usage: usage)
    }

    @Test func `an answer is OpenAI's chat completion object`() {
        let json = response(usage: Usage(promptTokens: 12, completionTokens: 40)).json()
        let expected =
            #"{"id":"chatcmpl-00000000000000010000000000000002","object":"chat.completion","created":1700000000,"#
            + #""model":"amazon.nova-lite-v1:0","choices":[{"index":0,"message":{"role":"assistant","#
            + #""content":"He said \"hi\"\n\u00e9"},"finish_reason":"length"}],"#
            + #""usage":{"prompt_tokens":12,"completion_tokens":40,"total_tokens":52}}"#
        #expect(String(decoding: json, as: UTF8.self) == expected)
    }

    @Test func `calls, reasoning and sources stand in the message`() throws {
        var usage = Usage(promptTokens: 1, completionTokens: 2)
        usage.reasoningTokens = 1
        var answer = response(usage: usage)
        answer.toolCalls = [ToolCall(id: "t", name: "f", arguments: Array(#"{"a":"\n"}"#.utf8))]
        answer.escapedReasoning = Array(#"r\n"#.utf8)
        answer.thinkingBlocks = [
            .thinking(escaped: Array(#"r\n"#.utf8), escapedSignature: Array("s".utf8)),
            .redacted(escapedData: Array("eA==".utf8)),
        ]
        answer.annotations = [URLCitation(url: "u", title: "T", range: 0..<2)]
        answer.serviceTier = "flex"
        answer.trace = Array(#"{"guardrail":{}}"#.utf8)

        let json = String(decoding: answer.json(), as: UTF8.self)

        let message =
            #","reasoning_content":"r\n","thinking_blocks":[{"type":"thinking","thinking":"r\n","signature":"s"},"#
            + #"{"type":"redacted_thinking","data":"eA=="}],"#
            + #""tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{\"a\":\"\\n\"}"}}],"#
            + #""annotations":[{"type":"url_citation","url_citation":"#
            + #"{"start_index":0,"end_index":2,"title":"T","url":"u"}}]},"finish_reason""#
        #expect(json.contains(message))
        #expect(json.contains(#""completion_tokens_details":{"reasoning_tokens":1}"#))
        #expect(json.hasSuffix(#","service_tier":"flex","trace":{"guardrail":{}}}"#))
    }

    @Test func `cache figures are told when there are any`() throws {
        let usage = Usage(
            promptTokens: 12, completionTokens: 40, totalTokens: 60, cacheReadTokens: 5, cacheWriteTokens: 3)
        let json = try JSONDocument(parsing: response(usage: usage).json()).root
        #expect(json["usage"]?["total_tokens"]?.integer == 60)
        #expect(json["usage"]?["prompt_tokens_details"]?["cached_tokens"]?.integer == 5)
        #expect(json["usage"]?["prompt_tokens_details"]?["cache_creation_tokens"]?.integer == 3)
        #expect(json["usage"]?["cache_read_input_tokens"]?.integer == 5)
        #expect(json["usage"]?["cache_creation_input_tokens"]?.integer == 3)
    }
}

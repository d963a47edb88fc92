import ChatCompletions
import JSON
import Time

extension ChatResponse {
    /// LiteLLM's `mock_response`: the text as it is, with LiteLLM's fixed usage of 10 and 20 tokens.
    static func mock(_ text: String, model: String, now: Instant) -> ChatResponse {
        var writer = JSONWriter(capacity: text.utf8.count + 16)
        writer.string(text)
        return ChatResponse(
            id: "chatcmpl-mock", created: now.unixMilliseconds / 1000, model: model,
            escapedContent: Array(writer.bytes.dropFirst().dropLast()), finishReason: .stop,
            usage: Usage(promptTokens: 10, completionTokens: 20))
    }
}

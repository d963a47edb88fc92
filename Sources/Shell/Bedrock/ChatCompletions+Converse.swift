import ChatCompletions
import JSON

// What Converse and ConverseStream have in common, in OpenAI's terms (Bedrock reference, section 5.3).

extension ChatResponse.FinishReason {
    /// Nil for a stop reason that is not in the table.
    init?(converse stopReason: JSONValue?) {
        switch stopReason?.string {
        case "end_turn", "stop_sequence": self = .stop
        case "max_tokens", "model_context_window_exceeded": self = .length
        case "tool_use": self = .toolCalls
        case "guardrail_intervened", "content_filtered": self = .contentFilter
        default: return nil
        }
    }
}

extension Usage {
    /// Converse's `usage`; nil when it lacks the token counts. Bedrock counts cached input apart, OpenAI within.
    init?(converse usage: JSONValue) {
        guard let input = Self.count(usage["inputTokens"]), let output = Self.count(usage["outputTokens"]) else {
            return nil
        }
        let cacheRead = Self.count(usage["cacheReadInputTokens"]) ?? 0
        let cacheWrite = Self.count(usage["cacheWriteInputTokens"]) ?? 0
        self.init(
            promptTokens: input + cacheRead + cacheWrite, completionTokens: output,
            totalTokens: Self.count(usage["totalTokens"]), cacheReadTokens: cacheRead, cacheWriteTokens: cacheWrite)
    }

    /// The tokens that reasoning took, from a model's own `additionalModelResponseFields`; nil where it does not say.
    static func reasoningTokens(in fields: JSONValue?) -> Int? {
        count(fields?["usage"]?["output_tokens_details"]?["thinking_tokens"])
    }

    /// A count that sums cannot overflow on.
    private static func count(_ value: JSONValue?) -> Int? {
        value?.integer.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
    }
}

package import ChatCompletions
import JSON

/// What Converse answered, in OpenAI's terms (Bedrock reference, section 5.3).
package struct ConverseResponse {
    package var escapedContent: [UInt8] = []
    package var finishReason: ChatResponse.FinishReason
    package var usage: Usage
    /// A stop reason that is not in the table counts as `stop`, and is worth knowing of.
    var hasUnknownStopReason = false

    /// Why an answer with status 200 cannot be used.
    package struct Malformation: Error, Hashable {
        var description: String
    }

    package init(json: [UInt8]) throws(Malformation) {
        let root: JSONValue
        do throws(JSONError) {
            root = try JSONDocument(parsing: json).root
        } catch {
            throw Malformation(description: "not JSON: \(error)")
        }
        guard let message = root["output"]?["message"], message.isObject else {
            throw Malformation(description: "it has no output.message")
        }
        guard let usage = root["usage"].flatMap(Usage.init(converse:)) else {
            throw Malformation(description: "it has no usage")
        }
        self.usage = usage
        let reason = Self.finishReason(root["stopReason"])
        finishReason = reason ?? .stop
        hasUnknownStopReason = reason == nil
        escapedContent = Self.text(of: message)
    }

    /// All texts without a separator; those of cited passages when there are no others.
    private static func text(of message: JSONValue) -> [UInt8] {
        guard let blocks = message["content"]?.elements else { return [] }
        var content: [UInt8] = []
        for block in blocks {
            if let text = block["text"]?.escapedText { content += text }
        }
        guard content.isEmpty else { return content }
        for block in blocks {
            guard let cited = block["citationsContent"]?["content"]?.elements else { continue }
            for part in cited {
                if let text = part["text"]?.escapedText { content += text }
            }
        }
        return content
    }

    /// Nil for a reason that is not in the table.
    private static func finishReason(_ stopReason: JSONValue?) -> ChatResponse.FinishReason? {
        switch stopReason?.string {
        case "end_turn", "stop_sequence": .stop
        case "max_tokens", "model_context_window_exceeded": .length
        case "tool_use": .toolCalls
        case "guardrail_intervened", "content_filtered": .contentFilter
        default: nil
        }
    }
}

extension Usage {
    /// Converse's `usage`; nil when it lacks the token counts. Bedrock counts cached input apart, OpenAI within.
    fileprivate init?(converse usage: JSONValue) {
        guard let input = Self.count(usage["inputTokens"]), let output = Self.count(usage["outputTokens"]) else {
            return nil
        }
        let cacheRead = Self.count(usage["cacheReadInputTokens"]) ?? 0
        let cacheWrite = Self.count(usage["cacheWriteInputTokens"]) ?? 0
        self.init(
            promptTokens: input + cacheRead + cacheWrite, completionTokens: output,
            totalTokens: Self.count(usage["totalTokens"]), cacheReadTokens: cacheRead, cacheWriteTokens: cacheWrite)
    }

    /// A count that sums cannot overflow on.
    private static func count(_ value: JSONValue?) -> Int? {
        value?.integer.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
    }
}

import JSON

/// A finished answer, on its way to becoming an OpenAI `chat.completion` object.
public struct ChatResponse: Sendable {
    public enum FinishReason: String, Sendable {
        case stop, length
        case toolCalls = "tool_calls"
        case contentFilter = "content_filter"
    }

    /// `chatcmpl-` and 32 hex digits: a `ChatCompletionID`.
    public var id: String
    /// Unix seconds.
    public var created: Int64
    /// The provider's model id.
    public var model: String
    /// The text as already escaped JSON string content, without quotes.
    public var escapedContent: [UInt8]
    public var finishReason: FinishReason
    /// Nil: the provider did not say.
    public var usage: Usage?
    public var toolCalls: [ToolCall] = []
    /// The model's reasoning as one text, escaped like the content; empty for none.
    public var escapedReasoning: [UInt8] = []
    public var thinkingBlocks: [ThinkingBlock] = []
    public var annotations: [URLCitation] = []
    /// The service tier that answered, where the provider says so.
    public var serviceTier: String?
    /// What the provider tells about guardrails, as JSON; empty for nothing.
    public var trace: [UInt8] = []

    public init(
        id: String, created: Int64, model: String, escapedContent: [UInt8], finishReason: FinishReason, usage: Usage?
    ) {
        self.id = id
        self.created = created
        self.model = model
        self.escapedContent = escapedContent
        self.finishReason = finishReason
        self.usage = usage
    }

    /// The `chat.completion` object.
    public func json() -> [UInt8] {
        var json = JSONWriter(capacity: 384 + model.utf8.count + escapedContent.count)
        json.beginObject()
        json.member("id", id)
        json.member("object", "chat.completion")
        json.key("created")
        json.integer(created)
        json.member("model", model)
        json.key("choices")
        json.beginArray()
        writeChoice(to: &json)
        json.endArray()
        if let usage {
            json.key("usage")
            usage.write(to: &json)
        }
        if let serviceTier { json.member("service_tier", serviceTier) }
        if !trace.isEmpty { json.member("trace", source: trace) }
        json.endObject()
        return json.finish()
    }

    private func writeChoice(to json: inout JSONWriter) {
        json.beginObject()
        json.member("index", 0)
        json.key("message")
        json.beginObject()
        json.member("role", ChatRole.assistant.rawValue)
        json.member("content", escaped: escapedContent)
        if !escapedReasoning.isEmpty { json.member("reasoning_content", escaped: escapedReasoning) }
        if !thinkingBlocks.isEmpty {
            json.key("thinking_blocks")
            json.beginArray()
            for block in thinkingBlocks { block.write(to: &json) }
            json.endArray()
        }
        if !toolCalls.isEmpty {
            json.key("tool_calls")
            json.beginArray()
            for call in toolCalls { call.write(to: &json) }
            json.endArray()
        }
        if !annotations.isEmpty {
            json.key("annotations")
            json.beginArray()
            for citation in annotations { citation.write(to: &json) }
            json.endArray()
        }
        json.endObject()
        json.member("finish_reason", finishReason.rawValue)
        json.endObject()
    }
}

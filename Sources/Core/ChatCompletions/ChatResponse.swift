import Indirection
import JSON

/// A finished answer, on its way to becoming an OpenAI `chat.completion` object.
public struct ChatResponse: Sendable {
    public enum FinishReason: String, Sendable {
        case stop, length
        case toolCalls = "tool_calls"
        case contentFilter = "content_filter"
    }

    /// `chatcmpl-` and 32 hex digits: a `ChatCompletionID`.
    public var id: String { fields.value.id }
    /// Unix seconds.
    public var created: Int64 { fields.value.created }
    /// The provider's model id.
    public var model: String { fields.value.model }
    /// The text as already escaped JSON string content, without quotes.
    public var escapedContent: [UInt8] {
        get { fields.value.escapedContent }
        set { fields.value.escapedContent = newValue }
    }
    public var finishReason: FinishReason { fields.value.finishReason }
    /// Nil: the provider did not say.
    public var usage: Usage? { fields.value.usage }
    public var toolCalls: [ToolCall] {
        get { fields.value.toolCalls }
        set { fields.value.toolCalls = newValue }
    }
    /// The model's reasoning as one text, escaped like the content; empty for none.
    public var escapedReasoning: [UInt8] {
        get { fields.value.escapedReasoning }
        set { fields.value.escapedReasoning = newValue }
    }
    public var thinkingBlocks: [ThinkingBlock] {
        get { fields.value.thinkingBlocks }
        set { fields.value.thinkingBlocks = newValue }
    }
    public var annotations: [URLCitation] {
        get { fields.value.annotations }
        set { fields.value.annotations = newValue }
    }
    /// The service tier that answered, where the provider says so.
    public var serviceTier: String? {
        get { fields.value.serviceTier }
        set { fields.value.serviceTier = newValue }
    }
    /// What the provider tells about guardrails, as JSON; empty for nothing.
    public var trace: [UInt8] {
        get { fields.value.trace }
        set { fields.value.trace = newValue }
    }

    private struct Fields: Sendable {
        var id: String
        var created: Int64
        var model: String
        var escapedContent: [UInt8]
        var finishReason: FinishReason
        var usage: Usage?
        var toolCalls: [ToolCall] = []
        var escapedReasoning: [UInt8] = []
        var thinkingBlocks: [ThinkingBlock] = []
        var annotations: [URLCitation] = []
        var serviceTier: String?
        var trace: [UInt8] = []
    }

    private var fields: Indirect<Fields>

    public init(
        id: String, created: Int64, model: String, escapedContent: [UInt8], finishReason: FinishReason, usage: Usage?
    ) {
        fields = Indirect(
            Fields(
                id: id, created: created, model: model, escapedContent: escapedContent, finishReason: finishReason,
                usage: usage))
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

import JSON

/// What all chunks of one streamed answer share.
public struct ChatStreamHead: Hashable, Sendable {
    /// `chatcmpl-` and 32 hex digits: a `ChatCompletionID`.
    public var id: String
    /// Unix seconds.
    public var created: Int64
    /// The provider's model id.
    public var model: String

    public init(id: String, created: Int64, model: String) {
        self.id = id
        self.created = created
        self.model = model
    }
}

/// One step of a streamed answer, on its way to becoming an OpenAI `chat.completion.chunk` object.
public enum ChatChunk: Hashable, Sendable {
    case delta(ChatDelta)
    /// The finish reason, and what belongs to the answer as a whole.
    case finish(ChatConclusion)
    /// The usage, for requesters that asked for it.
    case usage(Usage)
}

/// Writes the chunks of one streamed answer, the role with the first.
public struct ChatChunkWriter: Sendable {
    /// The members that are the same in every chunk, up to `choices`.
    private let head: [UInt8]
    /// Requesters that asked for the usage find the member in every chunk, null until the last.
    private let includesUsage: Bool
    private var hasRole = false

    public init(_ head: ChatStreamHead, includesUsage: Bool) {
        var json = JSONWriter(capacity: 160 + head.model.utf8.count)
        json.beginObject()
        json.member("id", head.id)
        json.member("object", "chat.completion.chunk")
        json.key("created")
        json.integer(head.created)
        json.member("model", head.model)
        self.head = json.finish()
        self.includesUsage = includesUsage
    }

    public mutating func json(_ chunk: ChatChunk) -> [UInt8] {
        // The head opens the object; what follows continues it.
        var json = JSONWriter(continuing: head, capacity: head.count + 128 + chunk.textLength)
        json.key("choices")
        json.beginArray()
        switch chunk {
        case .delta(let delta): writeChoice(delta, finishReason: nil, to: &json)
        case .finish(let conclusion): writeChoice(nil, finishReason: conclusion.finishReason, to: &json)
        case .usage: break
        }
        json.endArray()
        if case .usage(let usage) = chunk {
            json.key("usage")
            usage.write(to: &json)
        } else if includesUsage {
            json.key("usage")
            json.null()
        }
        if case .finish(let conclusion) = chunk {
            if let tier = conclusion.serviceTier { json.member("service_tier", tier) }
            if !conclusion.trace.isEmpty { json.member("trace", source: conclusion.trace) }
        }
        json.endObject()
        return json.finish()
    }

    private mutating func writeChoice(
        _ delta: ChatDelta?, finishReason: ChatResponse.FinishReason?, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.member("index", 0)
        json.key("delta")
        json.beginObject()
        if !hasRole {
            json.member("role", ChatRole.assistant.rawValue)
            hasRole = true
        }
        delta?.writeMembers(to: &json)
        json.endObject()
        json.member("finish_reason", finishReason?.rawValue)
        json.endObject()
    }
}

extension ChatChunk {
    fileprivate var textLength: Int {
        switch self {
        case .delta(let delta): delta.textLength
        case .finish(let conclusion): conclusion.trace.count
        case .usage: 128
        }
    }
}

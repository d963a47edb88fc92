import JSON

extension ChatResponse {
    /// The answer in the pieces of a stream, each part in one.
    public var deltas: [ChatDelta] {
        var deltas: [ChatDelta] = []
        for block in thinkingBlocks {
            switch block {
            case .thinking(let text, let signature):
                if !text.isEmpty { deltas.append(.reasoning(escaped: text)) }
                if !signature.isEmpty { deltas.append(.signature(escaped: signature)) }
            case .redacted(let data): deltas.append(.redactedReasoning(escaped: data))
            }
        }
        if !escapedContent.isEmpty { deltas.append(.content(escaped: escapedContent)) }
        for (index, call) in toolCalls.enumerated() {
            deltas.append(.toolCall(index: index, id: call.id, name: call.name))
            deltas.append(.toolArguments(index: index, escaped: call.escapedArguments))
        }
        return deltas
    }
}

extension ToolCall {
    /// The content of the string that the arguments become.
    fileprivate var escapedArguments: [UInt8] {
        var json = JSONWriter(capacity: arguments.count + 64)
        json.beginString()
        json.append(utf8: arguments.span)
        return Array(json.bytes.dropFirst())
    }
}

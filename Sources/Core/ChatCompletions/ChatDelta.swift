import JSON

/// One piece of a streamed answer. Texts are escaped JSON string content, without quotes.
public enum ChatDelta: Hashable, Sendable {
    case content(escaped: [UInt8])
    case reasoning(escaped: [UInt8])
    /// Proves that the reasoning before it is the model's own.
    case signature(escaped: [UInt8])
    /// Encrypted reasoning.
    case redactedReasoning(escaped: [UInt8])
    /// A call begins; `index` counts the answer's calls from 0.
    case toolCall(index: Int, id: String, name: String)
    /// More of a call's arguments.
    case toolArguments(index: Int, escaped: [UInt8])

    /// Appends `next`, if both are pieces of the same text; otherwise says no and stays as it is.
    public mutating func merge(_ next: ChatDelta) -> Bool {
        switch (self, next) {
        case (.content(var text), .content(let more)):
            self = .content(escaped: [])  // so that the text has one owner, and grows in place
            text += more
            self = .content(escaped: text)
        case (.reasoning(var text), .reasoning(let more)):
            self = .reasoning(escaped: [])
            text += more
            self = .reasoning(escaped: text)
        case (.toolArguments(let index, var text), .toolArguments(let other, let more)) where index == other:
            self = .toolArguments(index: index, escaped: [])
            text += more
            self = .toolArguments(index: index, escaped: text)
        default: return false
        }
        return true
    }

    /// How many bytes of text it holds.
    public var textLength: Int {
        switch self {
        case .content(let text), .reasoning(let text), .signature(let text), .redactedReasoning(let text),
            .toolArguments(_, let text):
            text.count
        case .toolCall(_, let id, let name): id.utf8.count + name.utf8.count
        }
    }

    /// Writes the members of OpenAI's `delta` object, and LiteLLM's for reasoning.
    func writeMembers(to json: inout JSONWriter) {
        switch self {
        case .content(let text): json.member("content", escaped: text)
        case .reasoning(let text):
            json.member("reasoning_content", escaped: text)
            write(.thinking(escaped: text, escapedSignature: []), to: &json)
        case .signature(let signature):
            json.member("reasoning_content", "")
            write(.thinking(escaped: [], escapedSignature: signature), to: &json)
        case .redactedReasoning(let data):
            json.member("reasoning_content", "")
            write(.redacted(escapedData: data), to: &json)
        case .toolCall(let index, let id, let name):
            writeCall(index, to: &json) { json in
                json.member("name", name)
                json.member("arguments", "")
            } head: { json in
                json.member("id", id)
                json.member("type", "function")
            }
        case .toolArguments(let index, let text):
            writeCall(index, to: &json) { $0.member("arguments", escaped: text) }
        }
    }

    private func write(_ block: ThinkingBlock, to json: inout JSONWriter) {
        json.key("thinking_blocks")
        json.beginArray()
        block.write(to: &json)
        json.endArray()
    }

    private func writeCall(
        _ index: Int, to json: inout JSONWriter, function: (inout JSONWriter) -> Void,
        head: (inout JSONWriter) -> Void = { _ in }
    ) {
        json.key("tool_calls")
        json.beginArray()
        json.beginObject()
        json.member("index", index)
        head(&json)
        json.key("function")
        json.beginObject()
        function(&json)
        json.endObject()
        json.endObject()
        json.endArray()
    }
}

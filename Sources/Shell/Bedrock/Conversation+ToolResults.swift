import ChatCompletions
import JSON

/// What tools answered.
extension Conversation {
    /// Writes the results among the messages in `range`, each call's only once.
    func writeToolResults(
        _ range: Range<Int>, _ messages: [JSONValue], _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        var ids: Set<String> = []
        for index in range {
            let message = messages[index]
            guard message["role"]?.isString("tool") == true else { continue }
            guard let id = message["tool_call_id"]?.string else {
                throw ConverseParameters.refusal("messages[\(index)].tool_call_id", "expected a string")
            }
            guard ids.insert(id).inserted else { continue }
            guard let content = message["content"], content.isString || content.isArray else {
                throw Self.contentRefusal(index)
            }
            if toolNames == nil {
                try write(resultAsText: content, of: id, at: index, &turns, to: &writer)
            } else {
                try write(result: content, of: id, at: index, &turns, to: &writer)
            }
            turns.mark(CachePoint(message))
        }
    }

    private func write(
        result content: JSONValue, of id: String, at index: Int, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        turns.begin(.user, &writer)
        writer.beginObject()
        writer.key("toolResult")
        writer.beginObject()
        writer.member("toolUseId", ToolUseID.valid(id))
        writer.key("content")
        writer.beginArray()
        var cachePoint: CachePoint?
        if content.isString { Turns.write(text: content, to: &writer) }
        var place = ContentPlace(message: index, part: 0)
        for part in content.elements {
            switch try ContentPart(part, at: place) {
            case .text(let text), .guardedText(let text): Turns.write(text: text, to: &writer)
            case .attachment(let attachment): try turns.write(inResult: attachment, at: place, to: &writer)
            }
            cachePoint = CachePoint(part) ?? cachePoint
            place.part += 1
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        turns.mark(cachePoint)
    }

    /// Without tools declared, Bedrock refuses results: the text says what they are.
    private func write(
        resultAsText content: JSONValue, of id: String, at index: Int, _ turns: inout Turns,
        to writer: inout JSONWriter
    ) throws(RequestFailure) {
        var text = content.string ?? ""
        var attachments: [(Attachment, ContentPlace)] = []
        var place = ContentPlace(message: index, part: 0)
        for part in content.elements {
            switch try ContentPart(part, at: place) {
            case .text(let part), .guardedText(let part): text += part.string ?? ""
            case .attachment(let attachment): attachments.append((attachment, place))
            }
            place.part += 1
        }
        let told = "[tool result for \(id): \(text)]"
        if hasGuardrail {
            turns.write(guardedText: told, to: &writer)  // a stranger's words, wherever they stand
        } else {
            turns.write(text: told, .user, to: &writer)
        }
        for (attachment, place) in attachments { try turns.write(attachment, at: place, to: &writer) }
    }
}

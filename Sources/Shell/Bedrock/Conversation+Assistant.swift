import ChatCompletions
import JSON

/// The assistant's side: thoughts, then text, then calls.
extension Conversation {
    func write(
        assistant message: JSONValue, at index: Int, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        for key in ["function_call", "audio", "refusal"] {
            guard let value = message[key], !value.isNull else { continue }
            throw ConverseParameters.refusal("messages[\(index)].\(key)", "this member is not supported")
        }
        if let thoughts = message["thinking_blocks"], !thoughts.isNull {
            try write(thoughts: thoughts, at: index, &turns, to: &writer)
        }
        let calls = message["tool_calls"].map { Array($0.elements) } ?? []
        if toolNames == nil, !calls.isEmpty {
            let (text, cachePoint) = try Self.text(of: message, calls, at: index)
            turns.write(text: text, .assistant, to: &writer)
            return turns.mark(cachePoint)
        }
        if let content = message["content"], !content.isNull {
            try Self.forEachText(of: message, at: index) { text, cachePoint in
                if text.isBlankString { return }
                turns.write(text: text, .assistant, to: &writer)
                turns.mark(cachePoint)
            }
        }
        for (number, call) in calls.enumerated() {
            try write(call: call, at: Self.path(ofCall: number, in: index), &turns, to: &writer)
        }
        turns.mark(CachePoint(message))
    }

    /// Without tools declared, Bedrock refuses calls: the text says what they are, a line each. Of the marks the last
    /// counts.
    private static func text(
        of message: JSONValue, _ calls: [JSONValue], at index: Int
    ) throws(RequestFailure) -> (text: String, cachePoint: CachePoint?) {
        var content = ""
        var cachePoint: CachePoint?
        if let value = message["content"], !value.isNull {
            try forEachText(of: message, at: index) { text, mark in
                content += text.string ?? ""
                cachePoint = mark ?? cachePoint
            }
        }
        var lines = content.isEmpty ? [] : [content]
        for (number, call) in calls.enumerated() {
            let (id, name, arguments) = try parts(of: call, at: path(ofCall: number, in: index))
            lines.append("[tool call \(id): \(name)(\(arguments))]")
            cachePoint = CachePoint(call) ?? cachePoint
        }
        return (lines.joined(separator: "\n"), CachePoint(message) ?? cachePoint)
    }

    private static func path(ofCall number: Int, in message: Int) -> String {
        "messages[\(message)].tool_calls[\(number)]"
    }

    private static func parts(
        of call: JSONValue, at path: @autoclosure () -> String
    ) throws(RequestFailure) -> (id: String, name: String, arguments: String) {
        guard let id = call["id"]?.string, let name = call["function"]?["name"]?.string, !name.isEmpty else {
            throw ConverseParameters.refusal(path(), "expected an id and a function with a name")
        }
        return (id, name, call["function"]?["arguments"]?.string ?? "")
    }

    private func write(
        thoughts: JSONValue, at index: Int, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        let path = "messages[\(index)].thinking_blocks"
        guard thoughts.isArray else { throw ConverseParameters.refusal(path, "expected a list") }
        var number = 0
        for block in thoughts.elements {
            let type = block["type"]
            if type?.isString("thinking") == true, let thought = block["thinking"], thought.isString {
                write(thought: thought, signature: block["signature"], &turns, to: &writer)
            } else if type?.isString("redacted_thinking") == true, let data = block["data"], data.isString {
                turns.begin(.assistant, &writer)
                writer.beginObject()
                writer.key("reasoningContent")
                writer.beginObject()
                writer.member("redactedContent", source: data.source)
                writer.endObject()
                writer.endObject()
            } else {
                throw ConverseParameters.refusal(
                    "\(path)[\(number)]", "expected a thinking or redacted_thinking block")
            }
            number += 1
        }
    }

    /// Without its signature a thought is not taken for one.
    private func write(
        thought: JSONValue, signature: JSONValue?, _ turns: inout Turns, to writer: inout JSONWriter
    ) {
        guard let signature, signature.isNonEmptyString else {
            if !thought.isBlankString { turns.write(text: thought, .assistant, to: &writer) }
            return
        }
        turns.begin(.assistant, &writer)
        writer.beginObject()
        writer.key("reasoningContent")
        writer.beginObject()
        writer.key("reasoningText")
        writer.beginObject()
        writer.member("text", source: thought.source)
        writer.member("signature", source: signature.source)
        for _ in 0..<3 { writer.endObject() }
    }

    private func write(
        call: JSONValue, at path: @autoclosure () -> String, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        let (id, name, arguments) = try Self.parts(of: call, at: path())
        var number = 0
        for input in Self.objects(in: arguments) {
            turns.begin(.assistant, &writer)
            writer.beginObject()
            writer.key("toolUse")
            writer.beginObject()
            writer.member("toolUseId", ToolUseID.valid(number == 0 ? id : "\(id)_\(number)"))
            writer.member("name", toolNames?.valid(name) ?? name)
            writer.member("input", source: input)
            writer.endObject()
            writer.endObject()
            number += 1
        }
        turns.mark(CachePoint(call))
    }

    /// Of one call's objects; more are no model's doing.
    private static let callLimit = 64

    /// What arguments hold: an object, by some models several in a row. Of what is cut short or followed by something
    /// else the whole objects count; anything else is as good as none.
    private static func objects(in arguments: String) -> [ArraySlice<UInt8>] {
        var objects: [ArraySlice<UInt8>] = []
        var rest = Array(arguments.utf8)[...]
        while !rest.isEmpty, objects.count < callLimit {
            var end = rest.endIndex
            var parsed: JSONDocument?
            do throws(JSONError) {
                parsed = try JSONDocument(parsing: Array(rest))
            } catch {
                guard error.kind == .trailingCharacters else { break }
                end = rest.startIndex + error.offset
                parsed = try? JSONDocument(parsing: Array(rest[..<end]))
            }
            guard let object = parsed?.root, object.isObject else { break }
            objects.append(object.source)
            rest = rest[end...]
        }
        return objects.isEmpty ? [Array("{}".utf8)[...]] : objects
    }
}

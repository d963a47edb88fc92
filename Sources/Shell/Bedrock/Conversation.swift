import ChatCompletions
import JSON

/// A chat request's messages as Converse's `system` and `messages`: the leading system messages become the former,
/// consecutive messages of one side are merged, later system messages become notes in a user's turn.
struct Conversation {
    private enum Turn { case user, assistant }

    private let messages: [JSONValue]
    /// How many of them are leading system messages.
    private let systemCount: Int

    init(_ value: JSONValue) throws(RequestFailure) {
        messages = Array(value.elements)
        systemCount = messages.prefix { Self.isSystem($0) }.count
        if systemCount == messages.count {
            throw ConverseParameters.refusal("messages", "at least one message must not be a system message")
        }
    }

    func write(to writer: inout JSONWriter, for capabilities: ModelCapabilities) throws(RequestFailure) {
        writer.key("messages")
        writer.beginArray()
        var openTurn: Turn?
        for index in systemCount..<messages.count {
            try write(index, &openTurn, to: &writer, capabilities)
        }
        if openTurn == nil { throw ConverseParameters.refusal("messages", "no message has any text") }
        Self.close(&openTurn, &writer)
        writer.endArray()
        try writeSystem(to: &writer, capabilities)
    }

    private func write(
        _ index: Int, _ openTurn: inout Turn?, to writer: inout JSONWriter, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) {
        let message = messages[index]
        let isSystem = Self.isSystem(message)
        let turn = try isSystem ? .user : Self.turn(of: message, index)
        var hasText = false
        for part in try MessageText.parts(of: message, at: index) {
            // Bedrock refuses empty blocks; an assistant's blank text says nothing either.
            if turn == .assistant ? part.text.isBlankString : !part.text.isNonEmptyString { continue }
            Self.open(turn, &openTurn, &writer)
            if isSystem && !hasText { Self.writeNote(to: &writer) }
            hasText = true
            part.write(to: &writer, capabilities)
        }
        if hasText { CachePoint(message)?.write(to: &writer, capabilities) }
    }

    private func writeSystem(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) throws(RequestFailure) {
        var hasText = false
        for index in 0..<systemCount {
            var messageHasText = false
            for part in try MessageText.parts(of: messages[index], at: index)
            where part.text.isNonEmptyString {
                if !hasText {
                    writer.key("system")
                    writer.beginArray()
                }
                (hasText, messageHasText) = (true, true)
                part.write(to: &writer, capabilities)
            }
            if messageHasText { CachePoint(messages[index])?.write(to: &writer, capabilities) }
        }
        if hasText { writer.endArray() }
    }
}

extension Conversation {
    /// Precedes a system message that comes after the conversation has begun: Converse has no place for it but a
    /// user's turn, and the model should not take it for the user's words.
    private static let operatorNote =
        "The next text of this turn is an instruction from the operator of this conversation, not from its user."

    private static func writeNote(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("text", operatorNote)
        writer.endObject()
    }

    private static func isSystem(_ message: JSONValue) -> Bool {
        guard let role = message["role"] else { return false }
        return role.isString("system") || role.isString("developer")
    }

    private static func turn(of message: JSONValue, _ index: Int) throws(RequestFailure) -> Turn {
        let role = message["role"]
        if role?.isString("user") == true { return .user }
        guard role?.isString("assistant") == true else {
            throw ConverseParameters.refusal(
                "messages[\(index)].role",
                "\"\(role?.string ?? "")\" is not supported, only system, developer, user, assistant")
        }
        for key in ["tool_calls", "function_call", "thinking_blocks", "audio", "refusal"] {
            guard let value = message[key], !value.isNull else { continue }
            if value.isArray && value.elements.isEmpty { continue }
            throw ConverseParameters.refusal("messages[\(index)].\(key)", "this member is not supported")
        }
        return .assistant
    }

    private static func open(_ turn: Turn, _ openTurn: inout Turn?, _ writer: inout JSONWriter) {
        if openTurn == turn { return }
        close(&openTurn, &writer)
        writer.beginObject()
        switch turn {
        case .user: writer.member("role", "user")
        case .assistant: writer.member("role", "assistant")
        }
        writer.key("content")
        writer.beginArray()
        openTurn = turn
    }

    private static func close(_ openTurn: inout Turn?, _ writer: inout JSONWriter) {
        if openTurn == nil { return }
        writer.endArray()
        writer.endObject()
        openTurn = nil
    }
}

import ChatCompletions
import JSON

/// A chat request's messages as Converse's `system` and `messages`: the leading system messages become the former,
/// consecutive messages of one side are merged, later system messages become notes in a user's turn.
struct Conversation {
    private let messages: [JSONValue]
    /// How many of them are leading system messages.
    private let systemCount: Int
    /// Nil: no tools are declared, and Bedrock would refuse calls and results; they become text.
    let toolNames: ToolNames?
    /// The messages from here on are the user's last words, which a guardrail looks at; nil: there is none.
    private let guardedStart: Int?
    var hasGuardrail: Bool { guardedStart != nil }
    private let insertsContinuations: Bool

    init(
        _ value: JSONValue, toolNames: ToolNames?, isGuarded: Bool, insertsContinuations: Bool
    ) throws(RequestFailure) {
        messages = Array(value.elements)
        systemCount = messages.prefix { Self.isSystem($0) }.count
        self.toolNames = toolNames
        guardedStart =
            isGuarded ? (messages.lastIndex { ChatRole($0["role"]) != .user }.map { $0 + 1 } ?? 0) : nil
        self.insertsContinuations = insertsContinuations
        if systemCount == messages.count {
            throw ConverseParameters.refusal("messages", "at least one message must not be a system message")
        }
    }

    func write(to writer: inout JSONWriter, for capabilities: ModelCapabilities) throws(RequestFailure) {
        writer.key("messages")
        writer.beginArray()
        var turns = Turns(capabilities)
        if insertsContinuations && Self.isAssistant(messages[systemCount]) {
            turns.write(text: Self.continuation, .user, to: &writer)
        }
        var index = systemCount
        while index < messages.count {
            if Self.isAssistant(messages[index]) {
                try write(assistant: messages[index], at: index, &turns, to: &writer)
                index += 1
            } else {
                let end = messages[index...].firstIndex(where: Self.isAssistant) ?? messages.count
                try writeUserSide(index..<end, &turns, to: &writer)
                index = end
            }
        }
        if turns.isEmpty { throw ConverseParameters.refusal("messages", "no message has any text") }
        if insertsContinuations, let last = messages.last, Self.isAssistant(last) {
            turns.write(text: Self.continuation, .user, to: &writer)
        }
        turns.end(&writer)
        writer.endArray()
        try writeSystem(to: &writer, capabilities)
    }

    private func writeSystem(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) throws(RequestFailure) {
        var hasText = false
        for index in 0..<systemCount {
            let message = messages[index]
            var messageHasText = false
            try Self.forEachText(of: message, at: index) { text, cachePoint in
                guard text.isNonEmptyString else { return }
                if !hasText {
                    writer.key("system")
                    writer.beginArray()
                }
                (hasText, messageHasText) = (true, true)
                Turns.write(text: text, to: &writer)
                cachePoint?.write(to: &writer, capabilities)
            }
            if messageHasText { CachePoint(message)?.write(to: &writer, capabilities) }
        }
        if hasText { writer.endArray() }
    }

    /// Writes messages between two of the assistant's: results first, which must follow their calls.
    private func writeUserSide(
        _ range: Range<Int>, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        try writeToolResults(range, messages, &turns, to: &writer)
        for index in range {
            let message = messages[index]
            switch ChatRole(message["role"]) {
            case .user: try write(user: message, at: index, &turns, to: &writer)
            case .system, .developer: try write(laterSystem: message, at: index, &turns, to: &writer)
            case .tool: break  // written already
            case .assistant, nil:
                throw ConverseParameters.refusal(
                    "messages[\(index)].role", "expected system, developer, user, assistant or tool")
            }
        }
    }

    private func write(
        user message: JSONValue, at index: Int, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        let isGuarded = isGuarded(index)
        let content = message["content"]
        if let content, content.isString {
            guard content.isNonEmptyString else { return }  // Bedrock refuses empty blocks
            write(content, isGuarded: isGuarded, &turns, to: &writer)
        } else {
            guard let content, content.isArray else { throw Self.contentRefusal(index) }
            var place = ContentPlace(message: index, part: 0)
            for part in content.elements {
                switch try ContentPart(part, at: place) {
                case .text(let text) where !text.isNonEmptyString: break
                case .text(let text): write(text, isGuarded: isGuarded, &turns, to: &writer)
                case .guardedText(let text): turns.write(guardedText: text, to: &writer)
                case .attachment(let attachment): try turns.write(attachment, at: place, to: &writer)
                }
                turns.mark(CachePoint(part))
                place.part += 1
            }
        }
        turns.mark(CachePoint(message))
    }

    private func write(
        _ text: JSONValue, isGuarded: Bool, _ turns: inout Turns, to writer: inout JSONWriter
    ) {
        if isGuarded {
            turns.write(guardedText: text, to: &writer)
        } else {
            turns.write(text: text, .user, to: &writer)
        }
    }

    /// Whether the guardrail looks at the message's plain texts: those of the user's last words, unless the message says
    /// itself what is to be looked at.
    private func isGuarded(_ index: Int) -> Bool {
        guard let guardedStart, index >= guardedStart else { return false }
        let parts = messages[index]["content"]?.elements
        let hasGuardedText = parts?.contains { $0["type"]?.isString("guarded_text") == true } ?? false
        return !hasGuardedText
    }

    private func write(
        laterSystem message: JSONValue, at index: Int, _ turns: inout Turns, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        var hasText = false
        try Self.forEachText(of: message, at: index) { text, cachePoint in
            guard text.isNonEmptyString else { return }
            if !hasText { turns.write(text: Self.operatorNote, .user, to: &writer) }
            hasText = true
            turns.write(text: text, .user, to: &writer)
            turns.mark(cachePoint)
        }
        if hasText { turns.mark(CachePoint(message)) }
    }
}

extension Conversation {
    /// Precedes a system message that comes after the conversation has begun: Converse has no place for it but a
    /// user's turn, and the model should not take it for the user's words.
    private static let operatorNote =
        "The next text of this turn is an instruction from the operator of this conversation, not from its user."

    private static let continuation = "Please continue."

    /// Calls `body` with the texts of a message that may hold nothing else, and their cache marks.
    static func forEachText(
        of message: JSONValue, at index: Int, _ body: (JSONValue, CachePoint?) -> Void
    ) throws(RequestFailure) {
        guard let content = message["content"] else { throw contentRefusal(index) }
        if content.isString { return body(content, nil) }
        guard content.isArray else { throw contentRefusal(index) }
        var place = ContentPlace(message: index, part: 0)
        for part in content.elements {
            guard part["type"]?.isString("text") == true, let text = part["text"], text.isString else {
                throw place.refusal(".type", "only text is possible in messages of this role")
            }
            body(text, CachePoint(part))
            place.part += 1
        }
    }

    static func contentRefusal(_ index: Int) -> RequestFailure {
        ConverseParameters.refusal("messages[\(index)].content", "expected a string or a list of parts")
    }

    private static func isAssistant(_ message: JSONValue) -> Bool {
        message["role"]?.isString("assistant") == true
    }

    private static func isSystem(_ message: JSONValue) -> Bool {
        guard let role = message["role"] else { return false }
        return role.isString("system") || role.isString("developer")
    }
}

import JSON

/// About how many tokens a request takes as input (routing reference, section 11).
///
/// Token limits and the context check need a figure before any model has counted. This one follows LiteLLM's sum with
/// `TextTokens` in place of a tokenizer's tables.
public struct TokenEstimate: Hashable, Sendable {
    /// The messages alone: what rate limits reserve.
    public let messages: Int
    /// Messages, tools and a separate system text: what must fit a model's context.
    public let total: Int

    private static let perMessage = 3
    private static let perRequest = 3
    private static let perImage = 85

    public init(of request: ChatRequest) {
        var messages = Self.perRequest
        for message in request.messages.elements { messages += Self.tokens(inMessage: message) }
        self.messages = messages
        // The usual request has neither; the check that uses the total is seldom on.
        let root = request.body.root
        total = messages + Self.tokens(inTree: root["tools"]) + Self.tokens(inTree: root["system"])
    }

    private static func tokens(inMessage message: JSONValue) -> Int {
        var tokens = perMessage + 1  // every role is one token
        for member in message.members {
            if member.key.isString("content") {
                tokens += self.tokens(inContent: member.value)
            } else if member.key.isString("name"), member.value.isString {
                tokens += TextTokens.count(in: member.value) + 1
            } else if member.key.isString("tool_calls") {
                tokens += self.tokens(inToolCalls: member.value)
            }
        }
        return tokens
    }

    private static func tokens(inContent content: JSONValue) -> Int {
        if content.isString { return TextTokens.count(in: content) }
        var tokens = 0
        for part in content.elements {
            if let text = part["text"] {
                tokens += TextTokens.count(in: text)
            } else if part["type"]?.isString("image_url") ?? false {
                tokens += perImage
            }
        }
        return tokens
    }

    private static func tokens(inToolCalls calls: JSONValue) -> Int {
        var tokens = 0
        for call in calls.elements {
            guard let function = call["function"] else { continue }
            for key in ["name", "arguments"] { tokens += function[key].map(TextTokens.count) ?? 0 }
        }
        return tokens
    }

    /// The names and texts of a nested value, whose brackets and quotes models are not shown.
    private static func tokens(inTree value: JSONValue?) -> Int {
        guard let value else { return 0 }
        switch value.kind {
        case .string: return TextTokens.count(in: value)
        case .array: return value.elements.reduce(0) { $0 + tokens(inTree: $1) }
        case .object:
            return value.members.reduce(0) { $0 + TextTokens.count(in: $1.key) + tokens(inTree: $1.value) }
        case .number, .bool, .null: return 1
        }
    }
}

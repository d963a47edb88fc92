import ChatCompletions
import JSON

/// One text of a message's content: the whole of it, or one part.
struct MessageText {
    /// A value of kind string.
    var text: JSONValue
    var cachePoint: CachePoint?

    /// The texts of the message at `index`, in order. Any other kind of part is refused by its place and name.
    static func parts(of message: JSONValue, at index: Int) throws(RequestFailure) -> [MessageText] {
        guard let content = message["content"], !content.isNull else {
            if message["role"]?.isString("assistant") == true { return [] }
            throw ConverseParameters.refusal("messages[\(index)].content", "expected a string or a list of parts")
        }
        switch content.kind {
        case .string: return [MessageText(text: content, cachePoint: nil)]
        case .array:
            var parts: [MessageText] = []
            for part in content.elements {
                parts.append(try MessageText(part: part, at: "messages[\(index)].content[\(parts.count)]"))
            }
            return parts
        case .object, .number, .bool, .null:
            throw ConverseParameters.refusal("messages[\(index)].content", "expected a string or a list of parts")
        }
    }

    private init(text: JSONValue, cachePoint: CachePoint?) {
        self.text = text
        self.cachePoint = cachePoint
    }

    private init(part: JSONValue, at path: String) throws(RequestFailure) {
        guard let type = part["type"], type.isString else {
            throw ConverseParameters.refusal("\(path).type", "expected a string")
        }
        guard type.isString("text") else {
            throw ConverseParameters.refusal("\(path).type", "\"\(type.string ?? "")\" is not supported, only text")
        }
        guard let text = part["text"], text.isString else {
            throw ConverseParameters.refusal("\(path).text", "expected a string")
        }
        self.init(text: text, cachePoint: CachePoint(part))
    }

    func write(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        writer.beginObject()
        writer.key("text")
        writer.source(text.source)
        writer.endObject()
        cachePoint?.write(to: &writer, capabilities)
    }
}

/// A `cache_control` mark: what comes before it is to be kept in the model's prompt cache.
struct CachePoint {
    private let ttl: JSONValue?

    /// The mark of a message or part; nil when it has none.
    init?(_ marked: JSONValue) {
        guard let mark = marked["cache_control"], mark.isObject else { return nil }
        ttl = mark["ttl"]
    }

    /// Writes nothing for a model that has no prompt cache.
    func write(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        guard capabilities.cachesPrompts else { return }
        writer.beginObject()
        writer.key("cachePoint")
        writer.beginObject()
        writer.member("type", "default")
        if capabilities.cachesPromptsForAnHour, let ttl, ttl.isString {
            writer.key("ttl")
            writer.source(ttl.source)
        }
        writer.endObject()
        writer.endObject()
    }
}

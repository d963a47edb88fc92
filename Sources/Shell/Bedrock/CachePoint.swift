import JSON

/// A `cache_control` mark: what comes before it is to be kept in the model's prompt cache.
struct CachePoint {
    private let ttl: JSONValue?

    /// The mark of a message, part, tool call or tool; nil when it has none.
    init?(_ marked: JSONValue) {
        guard let mark = marked["cache_control"], mark.isObject else { return nil }
        ttl = mark["ttl"]
    }

    /// Writes nothing for a model that has no prompt cache; OpenAI's have one that takes no marks.
    func write(to writer: inout JSONWriter, _ capabilities: ModelCapabilities) {
        guard capabilities.cachesPrompts, capabilities.family != .openAI else { return }
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

public import JSON

/// A call of one of the requester's functions.
public struct ToolCall: Hashable, Sendable {
    public var id: String
    public var name: String
    /// JSON text, which becomes a string.
    public var arguments: [UInt8]

    public init(id: String, name: String, arguments: [UInt8]) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("id", id)
        json.member("type", "function")
        json.key("function")
        json.beginObject()
        json.member("name", name)
        json.key("arguments")
        json.beginString()
        json.append(utf8: arguments.span)
        json.endString()
        json.endObject()
        json.endObject()
    }
}

/// A piece of a model's reasoning, which must come back as it is when the conversation goes on. Texts are escaped.
public enum ThinkingBlock: Hashable, Sendable {
    case thinking(escaped: [UInt8], escapedSignature: [UInt8])
    /// Encrypted.
    case redacted(escapedData: [UInt8])

    public func write(to json: inout JSONWriter) {
        json.beginObject()
        switch self {
        case .thinking(let text, let signature):
            json.member("type", "thinking")
            json.member("thinking", escaped: text)
            if !signature.isEmpty { json.member("signature", escaped: signature) }
        case .redacted(let data):
            json.member("type", "redacted_thinking")
            json.member("data", escaped: data)
        }
        json.endObject()
    }
}

/// Where a passage of the answer comes from.
public struct URLCitation: Hashable, Sendable {
    public var url: String
    public var title: String
    /// The passage in the content, in characters; nil where it is not part of it.
    public var range: Range<Int>?

    public init(url: String, title: String, range: Range<Int>?) {
        self.url = url
        self.title = title
        self.range = range
    }

    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("type", "url_citation")
        json.key("url_citation")
        json.beginObject()
        if let range {
            json.member("start_index", range.lowerBound)
            json.member("end_index", range.upperBound)
        }
        json.member("title", title)
        json.member("url", url)
        json.endObject()
        json.endObject()
    }
}

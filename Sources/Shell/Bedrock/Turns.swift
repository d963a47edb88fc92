import ChatCompletions
import JSON

/// Converse's `messages` as they are written: consecutive blocks of one side are one message.
struct Turns {
    enum Side { case user, assistant }

    private static let imageLimit = 20
    private static let documentLimit = 5

    private let capabilities: ModelCapabilities
    private var open: Side?
    /// Written before the next block; what Bedrock needs at the end of a message comes before it, too.
    private var cachePoint: CachePoint?
    private var hasText = false
    /// In the message; those in tool results count as well.
    private var images = 0
    private var documents = 0
    /// Whether a document stands beside the message's texts, not in a tool result.
    private var hasDocumentBlock = false
    /// How often each name was given, over all messages.
    private var documentNames: [String: Int] = [:]

    init(_ capabilities: ModelCapabilities) { self.capabilities = capabilities }

    /// Whether nothing was written.
    var isEmpty: Bool { open == nil }

    /// Makes room for a block of `side`.
    mutating func begin(_ side: Side, _ writer: inout JSONWriter) {
        if open != side {
            end(&writer)
            writer.beginObject()
            switch side {
            case .user: writer.member("role", "user")
            case .assistant: writer.member("role", "assistant")
            }
            writer.key("content")
            writer.beginArray()
            open = side
        }
        writeCachePoint(&writer)
    }

    /// Marks what was written last; nil does nothing.
    mutating func mark(_ cachePoint: CachePoint?) {
        if let cachePoint, open != nil { self.cachePoint = cachePoint }
    }

    /// `text` is a value of kind string.
    mutating func write(text: JSONValue, _ side: Side, to writer: inout JSONWriter) {
        begin(side, &writer)
        Self.write(text: text, to: &writer)
        hasText = true
    }

    mutating func write(text: String, _ side: Side, to writer: inout JSONWriter) {
        begin(side, &writer)
        Self.write(text: text, to: &writer)
        hasText = true
    }

    private static func write(text: String, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("text", text)
        writer.endObject()
    }

    static func write(text: JSONValue, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("text")
        writer.source(text.source)
        writer.endObject()
    }

    mutating func write(guardedText text: JSONValue, to writer: inout JSONWriter) {
        writeGuarded(to: &writer) { Self.write(text: text, to: &$0) }
    }

    mutating func write(guardedText text: String, to writer: inout JSONWriter) {
        writeGuarded(to: &writer) { Self.write(text: text, to: &$0) }
    }

    private mutating func writeGuarded(to writer: inout JSONWriter, _ text: (inout JSONWriter) -> Void) {
        begin(.user, &writer)
        writer.beginObject()
        writer.key("guardContent")
        writer.beginObject()
        writer.key("text")
        text(&writer)
        writer.endObject()
        writer.endObject()
    }

    mutating func write(
        _ attachment: Attachment, at place: ContentPlace, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        begin(.user, &writer)
        if attachment.kind == .document { hasDocumentBlock = true }
        try write(inResult: attachment, at: place, to: &writer)
    }

    /// Writes an attachment into the tool result that has been begun.
    mutating func write(
        inResult attachment: Attachment, at place: ContentPlace, to writer: inout JSONWriter
    ) throws(RequestFailure) {
        switch attachment.kind {
        case .video: break
        case .image:
            images += 1
            if images > Self.imageLimit { throw place.refusal("", "a message has at most 20 images") }
        case .document:
            documents += 1
            if documents > Self.documentLimit { throw place.refusal("", "a message has at most 5 documents") }
        }
        attachment.write(name: name(of: attachment), to: &writer)
    }

    /// Bedrock refuses two documents of one name. Nil for images and videos, which have none.
    private mutating func name(of attachment: Attachment) -> String? {
        guard case .document = attachment.kind else { return nil }
        let name = attachment.documentName
        let count = documentNames[name, default: 0] + 1
        documentNames[name] = count
        return count == 1 ? name : "\(name)_\(count)"
    }

    mutating func end(_ writer: inout JSONWriter) {
        if open == nil { return }
        if hasDocumentBlock && !hasText {
            // Bedrock wants a text beside a document.
            writer.beginObject()
            writer.member("text", ".")
            writer.endObject()
        }
        writeCachePoint(&writer)
        writer.endArray()
        writer.endObject()
        (open, hasText, hasDocumentBlock, images, documents) = (nil, false, false, 0, 0)
    }

    private mutating func writeCachePoint(_ writer: inout JSONWriter) {
        guard let point = cachePoint else { return }
        point.write(to: &writer, capabilities)
        cachePoint = nil
    }
}

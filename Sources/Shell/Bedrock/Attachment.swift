import ChatCompletions
import JSON

/// An image, document or video that a message carries as a data URI.
struct Attachment {
    enum Kind { case image, document, video }

    let kind: Kind
    /// Converse's name of the format.
    let format: String
    let content: Base64Text

    private static let imageLimit = 3_932_160  // 3.75 MiB
    private static let documentLimit = 4_718_592  // 4.5 MiB
    private static let sideLimit = 8000  // pixels
    private static let mediaTypeLimit = 256

    /// Refuses what is no data URI: fetching the URLs of strangers would let them reach what only this machine can.
    /// `format` overrides the URI's media type.
    init(
        uri: JSONValue?, format override: JSONValue?, at place: ContentPlace, _ member: String
    ) throws(RequestFailure) {
        guard let uri, let escaped = uri.escapedText else { throw place.refusal(member, "expected a string") }
        let text = uri.hasEscapes ? unescape(escaped)[...] : escaped
        guard text.starts(with: "data:".utf8) else {
            throw place.refusal(member, "expected a data URI (data:image/png;base64,...); URLs are not fetched")
        }
        guard let comma = text.prefix(Self.mediaTypeLimit).firstIndex(of: UInt8(ascii: ",")) else {
            throw place.refusal(member, "the data URI has no content")
        }
        let parts = String(decoding: text[(text.startIndex + 5)..<comma], as: UTF8.self).lowercased()
            .split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count > 1, parts.last == "base64" else {
            throw place.refusal(member, "only data URIs in base64 are supported")
        }
        let mediaType = Self.mediaType(override, else: String(parts[0]))
        guard let (kind, format) = Self.format(of: mediaType) else {
            throw place.refusal(member, "\"\(mediaType.prefix(100))\" is not supported by Bedrock")
        }
        guard let content = Base64Text(Self.withoutWhiteSpace(text[(comma + 1)...])) else {
            throw place.refusal(member, "the data URI's content is not base64")
        }
        (self.kind, self.format, self.content) = (kind, format, content)
        try checkLimits(at: place, member)
    }

    private func checkLimits(at place: ContentPlace, _ member: String) throws(RequestFailure) {
        switch kind {
        case .video: break
        case .document:
            guard content.count <= Self.documentLimit else {
                throw place.refusal(member, "a document has at most 4.5 MB, this one \(content.count) bytes")
            }
        case .image:
            guard content.count <= Self.imageLimit else {
                throw place.refusal(member, "an image has at most 3.75 MB, this one \(content.count) bytes")
            }
            guard let size = ImageSize(content) else { return }
            guard max(size.width, size.height) <= Self.sideLimit else {
                throw place.refusal(
                    member, "an image has at most 8000 pixels a side, this one \(size.width) x \(size.height)")
            }
        }
    }

    /// Stable for equal documents, so that prompt caches hold; LiteLLM's form.
    var documentName: String {
        let sample = content.text.prefix(65_536) + Array(String(content.text.count).utf8)
        return "DocumentPDFmessages_\(SHA256.hexadecimal(of: Array(sample), digits: 16))_\(format)"
    }

    /// The block itself; only documents have a name.
    func write(name: String?, to writer: inout JSONWriter) {
        writer.beginObject()
        switch kind {
        case .image: writer.key("image")
        case .document: writer.key("document")
        case .video: writer.key("video")
        }
        writer.beginObject()
        writer.member("format", format)
        if let name { writer.member("name", name) }
        writer.key("source")
        writer.beginObject()
        writer.member("bytes", escaped: content.text)
        writer.endObject()
        writer.endObject()
        writer.endObject()
    }
}

extension Attachment {
    private static func mediaType(_ override: JSONValue?, else given: String) -> String {
        guard let name = override?.string, !name.isEmpty else { return given }
        if name.contains("/") { return name.lowercased() }
        // A bare format belongs to the same kind of thing.
        return "\(given.prefix { $0 != "/" })/\(name.lowercased())"
    }

    private static func format(of mediaType: String) -> (Kind, String)? {
        let parts = mediaType.split(separator: "/", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "image":
            let format = parts[1] == "jpg" ? "jpeg" : String(parts[1])
            return ["png", "jpeg", "gif", "webp"].contains(format) ? (.image, format) : nil
        case "application", "text": return documents[String(parts[1])].map { (.document, $0) }
        case "video": return videos[String(parts[1])].map { (.video, $0) }
        default: return nil
        }
    }

    private static let documents = [
        "pdf": "pdf", "csv": "csv", "msword": "doc", "doc": "doc", "docx": "docx",
        "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx", "vnd.ms-excel": "xls", "xls": "xls",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx", "xlsx": "xlsx", "html": "html",
        "plain": "txt", "txt": "txt", "markdown": "md", "x-markdown": "md", "md": "md",
    ]

    private static let videos = [
        "x-matroska": "mkv", "mkv": "mkv", "quicktime": "mov", "mov": "mov", "mp4": "mp4", "webm": "webm",
        "x-flv": "flv", "flv": "flv", "mpeg": "mpeg", "mpg": "mpg", "x-ms-wmv": "wmv", "wmv": "wmv",
        "3gpp": "three_gp", "three_gp": "three_gp",
    ]

    /// Some encoders break lines.
    private static func withoutWhiteSpace(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isWhiteSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
        guard text.prefix(128).contains(where: isWhiteSpace) || text.suffix(2).contains(where: isWhiteSpace) else {
            return text
        }
        return text.filter { !isWhiteSpace($0) }[...]
    }
}

import ChatCompletions
import JSON

/// One part of a message's content.
enum ContentPart {
    /// A value of kind string.
    case text(JSONValue)
    /// A text that the guardrail is to look at.
    case guardedText(JSONValue)
    case attachment(Attachment)

    init(_ part: JSONValue, at place: ContentPlace) throws(RequestFailure) {
        guard let type = part["type"], type.isString else { throw place.refusal(".type", "expected a string") }
        if type.isString("text") {
            self = .text(try Self.text(part, at: place))
        } else if type.isString("guarded_text") {
            self = .guardedText(try Self.text(part, at: place))
        } else if type.isString("image_url") {
            self = .attachment(try Self.image(part, at: place))
        } else if type.isString("file") {
            self = .attachment(try Self.file(part, at: place))
        } else {
            throw place.refusal(
                ".type", "\"\(type.string ?? "")\" is not supported, only text, image_url and file")
        }
    }

    private static func text(_ part: JSONValue, at place: ContentPlace) throws(RequestFailure) -> JSONValue {
        guard let text = part["text"], text.isString else { throw place.refusal(".text", "expected a string") }
        return text
    }

    private static func image(_ part: JSONValue, at place: ContentPlace) throws(RequestFailure) -> Attachment {
        guard let image = part["image_url"] else { throw place.refusal(".image_url", "expected an object") }
        if image.isString { return try Attachment(uri: image, format: part["format"], at: place, ".image_url") }
        return try Attachment(
            uri: image["url"], format: image["format"] ?? part["format"], at: place, ".image_url.url")
    }

    private static func file(_ part: JSONValue, at place: ContentPlace) throws(RequestFailure) -> Attachment {
        guard let file = part["file"], file.isObject else { throw place.refusal(".file", "expected an object") }
        let format = file["format"] ?? part["format"]
        if let data = file["file_data"], !data.isNull {
            return try Attachment(uri: data, format: format, at: place, ".file.file_data")
        }
        return try Attachment(uri: file["file_id"], format: format, at: place, ".file.file_id")
    }
}

/// Where a part stands; spelled out only for a failure.
struct ContentPlace {
    var message: Int
    var part: Int

    func refusal(_ member: String, _ why: String) -> RequestFailure {
        ConverseParameters.refusal("messages[\(message)].content[\(part)]\(member)", why)
    }
}

/// The text of single elements of a small XML document: all that answers of the AWS query protocol need.
enum XMLText {
    /// The text of the first element of this name that holds nothing but text, its entities replaced.
    static func element(_ name: String, in document: [UInt8]) -> String? {
        let opening = Array("<\(name)".utf8)
        let closing = Array("</\(name)".utf8)
        var rest = document[...]
        while let tag = rest.firstRange(of: opening) {
            rest = rest[tag.upperBound...]
            guard let next = rest.first else { return nil }
            // Otherwise a longer name that begins alike.
            guard next == UInt8(ascii: ">") || isSpace(next) else { continue }
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return nil }
            let content = rest[(end + 1)...]
            guard let close = content.firstIndex(of: UInt8(ascii: "<")) else { return nil }
            if content[close...].starts(with: closing) { return unescaped(content[..<close]) }
            rest = content
        }
        return nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.contains("&") else { return text }
        var result = ""
        var rest = text[...]
        while let ampersand = rest.firstIndex(of: "&") {
            result += rest[..<ampersand]
            rest = rest[rest.index(after: ampersand)...]
            guard let end = rest.firstIndex(of: ";"), let character = character(rest[..<end]) else { return nil }
            result.append(character)
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    private static func character(_ entity: Substring) -> Character? {
        switch entity {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "quot": return "\""
        case "apos": return "'"
        default:
            let digits = entity.dropFirst(entity.hasPrefix("#x") ? 2 : 1)
            guard entity.hasPrefix("#"), let code = UInt32(digits, radix: entity.hasPrefix("#x") ? 16 : 10) else {
                return nil
            }
            return Unicode.Scalar(code).map(Character.init)
        }
    }
}

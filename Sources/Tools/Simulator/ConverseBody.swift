/// One pass over a Converse request's body: is it a JSON object, and what did the user say last?
///
/// Deliberately not the product's JSON reader: what checks the product should not share its mistakes. Numbers and
/// escapes are only skimmed, not checked in detail.
struct ConverseBody {
    /// The last text block of the last user message: the inside of the JSON string, escapes as they came.
    private(set) var lastUserText = Bytes(start: nil, count: 0)

    private let bytes: Bytes
    private var position = 0

    /// Nil unless `bytes` are one JSON object.
    init?(_ bytes: Bytes) {
        self.bytes = bytes
        guard skipObject(depth: 0, member: { $0.equals("messages") ? .messages : .other }), skipBlanks() == nil else {
            return nil
        }
    }

    private enum Member { case messages, other }

    private static let deepest = 200

    /// The next byte that is not white space; nil at the end.
    private mutating func skipBlanks() -> UInt8? {
        while position < bytes.count {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    private mutating func skip(_ expected: UInt8) -> Bool {
        guard skipBlanks() == expected else { return false }
        position += 1
        return true
    }

    private mutating func skipObject(depth: Int, member: (Bytes) -> Member = { _ in .other }) -> Bool {
        skipList(from: "{", to: "}") { body in
            guard let name = body.takeString(), body.skip(UInt8(ascii: ":")) else { return false }
            return switch member(name) {
            case .messages: body.readMessages(depth: depth + 1)
            case .other: body.skipValue(depth: depth + 1)
            }
        }
    }

    /// Goes through a list in brackets, one `element` after the other.
    private mutating func skipList(
        from open: Unicode.Scalar, to close: Unicode.Scalar, element: (inout ConverseBody) -> Bool
    ) -> Bool {
        guard skip(UInt8(ascii: open)) else { return false }
        if skip(UInt8(ascii: close)) { return true }
        while true {
            guard element(&self) else { return false }
            if skip(UInt8(ascii: close)) { return true }
            guard skip(UInt8(ascii: ",")) else { return false }
        }
    }

    private mutating func skipValue(depth: Int) -> Bool {
        guard depth < Self.deepest, let first = skipBlanks() else { return false }
        switch first {
        case UInt8(ascii: "{"): return skipObject(depth: depth)
        case UInt8(ascii: "["): return skipList(from: "[", to: "]") { $0.skipValue(depth: depth + 1) }
        case UInt8(ascii: "\""): return takeString() != nil
        default: return skipScalar()
        }
    }

    /// A number, true, false or null.
    private mutating func skipScalar() -> Bool {
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            let isPart = byte == 0x2b || byte == 0x2d || byte == 0x2e || 0x30...0x39 ~= byte || 0x61...0x7a ~= byte
            guard isPart || byte == 0x45 else { break }
            position += 1
        }
        let scalar = bytes.slice(start..<position)
        guard let first = scalar.first else { return false }
        if 0x61...0x7a ~= first { return scalar.equals("true") || scalar.equals("false") || scalar.equals("null") }
        return true
    }

    /// The inside of the next string.
    private mutating func takeString() -> Bytes? {
        guard skip(UInt8(ascii: "\"")) else { return nil }
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return bytes.slice(start..<position - 1)
            case UInt8(ascii: "\\"): position += 2
            case 0..<0x20: return nil
            default: position += 1
            }
        }
        return nil
    }
}

extension ConverseBody {
    private mutating func readMessages(depth: Int) -> Bool {
        guard skipBlanks() == UInt8(ascii: "[") else { return skipValue(depth: depth) }
        return skipList(from: "[", to: "]") { $0.readMessage(depth: depth + 1) }
    }

    /// Role and content come in any order, so the text waits for the role.
    private mutating func readMessage(depth: Int) -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return skipValue(depth: depth) }
        var isUser = false
        var text: Bytes?
        let isObject = skipList(from: "{", to: "}") { body in
            guard let name = body.takeString(), body.skip(UInt8(ascii: ":")) else { return false }
            if name.equals("role"), body.skipBlanks() == UInt8(ascii: "\"") {
                guard let role = body.takeString() else { return false }
                isUser = role.equals("user")
                return true
            }
            if name.equals("content"), body.skipBlanks() == UInt8(ascii: "[") {
                return body.skipList(from: "[", to: "]") { $0.readBlock(depth: depth + 2, text: &text) }
            }
            return body.skipValue(depth: depth + 1)
        }
        if isUser, let text { lastUserText = text }
        return isObject
    }

    private mutating func readBlock(depth: Int, text: inout Bytes?) -> Bool {
        guard skipBlanks() == UInt8(ascii: "{") else { return skipValue(depth: depth) }
        return skipList(from: "{", to: "}") { body in
            guard let name = body.takeString(), body.skip(UInt8(ascii: ":")) else { return false }
            guard name.equals("text"), body.skipBlanks() == UInt8(ascii: "\"") else {
                return body.skipValue(depth: depth + 1)
            }
            text = body.takeString()
            return text != nil
        }
    }
}

/// Why some bytes are not the JSON they should be.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        case unexpectedEnd
        case unexpectedCharacter
        case invalidUTF8
        case invalidEscape
        case invalidNumber
        case tooDeep
        case tooLarge
        case trailingCharacters
    }

    public let kind: Kind
    /// Zero-based byte offset into the parsed bytes.
    public let offset: Int

    public init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    public var description: String {
        let what =
            switch kind {
            case .unexpectedEnd: "the text ends too early"
            case .unexpectedCharacter: "unexpected character"
            case .invalidUTF8: "invalid UTF-8"
            case .invalidEscape: "invalid escape sequence"
            case .invalidNumber: "invalid number"
            case .tooDeep: "nested too deeply"
            case .tooLarge: "the text is too large"
            case .trailingCharacters: "more text after the value"
            }
        return "\(what) at byte \(offset)"
    }
}

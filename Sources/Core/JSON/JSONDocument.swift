/// One parsed JSON text: its bytes, and an index of the values in them.
///
/// Parsing is one validating pass (UTF-8, escapes, numbers, a depth bound). Values stay spans of the bytes;
/// nothing is unescaped or copied until asked for.
public struct JSONDocument: Sendable {
    /// Parses `bytes` as one JSON text (RFC 8259). Throws on anything else, also on nesting beyond `maximumDepth`.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        fatalError("skeleton")
    }

    public var root: JSONValue { fatalError("skeleton") }
}

/// One value of a `JSONDocument`: a cursor, cheap to copy.
public struct JSONValue: Sendable {
    public enum Kind: Sendable { case object, array, string, number, bool, null }

    public var kind: Kind { fatalError("skeleton") }
    public var isNull: Bool { fatalError("skeleton") }

    /// The member of an object; nil when it is not an object or has no such member. On duplicates the last counts.
    public subscript(key: StaticString) -> JSONValue? { fatalError("skeleton") }
    public subscript(key: String) -> JSONValue? { fatalError("skeleton") }

    /// The unescaped text of a string; nil for another kind.
    public var string: String? { fatalError("skeleton") }
    /// The escaped text of a string, without its quotes, to copy into another JSON string as it is; nil for another kind.
    public var escapedText: ArraySlice<UInt8>? { fatalError("skeleton") }
    /// Whether a string is empty or, unescaped, only white space.
    public var isBlankString: Bool { fatalError("skeleton") }
    /// Whether a string's unescaped text equals `text`, without building a String.
    public func isString(_ text: StaticString) -> Bool { fatalError("skeleton") }
    public var bool: Bool? { fatalError("skeleton") }
    /// The number, if it is an integer that fits; `2.0` and `2e1` count as integers.
    public var integer: Int? { fatalError("skeleton") }
    public var double: Double? { fatalError("skeleton") }
    /// The whole value's source text, to copy into another document as it is.
    public var source: ArraySlice<UInt8> { fatalError("skeleton") }

    /// Elements of an array; empty for another kind.
    public var elements: Elements { fatalError("skeleton") }
    /// Members of an object in order, duplicates included; empty for another kind.
    public var members: Members { fatalError("skeleton") }

    public struct Elements: Sequence, Sendable {
        public struct Iterator: IteratorProtocol {
            public mutating func next() -> JSONValue? { fatalError("skeleton") }
        }
        public var count: Int { fatalError("skeleton") }
        public func makeIterator() -> Iterator { fatalError("skeleton") }
    }

    public struct Members: Sequence, Sendable {
        public struct Iterator: IteratorProtocol {
            public mutating func next() -> Member? { fatalError("skeleton") }
        }
        public struct Member: Sendable {
            /// The key as a value of kind string.
            public let key: JSONValue
            public let value: JSONValue
        }
        public var count: Int { fatalError("skeleton") }
        public func makeIterator() -> Iterator { fatalError("skeleton") }
    }
}

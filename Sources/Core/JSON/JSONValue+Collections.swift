extension [TapeEntry] {
    /// The index of what follows the value at `index`.
    @inline(__always)
    fileprivate func indexAfter(_ index: Int, in text: borrowing Span<UInt8>) -> Int {
        let entry = self[index]
        switch text[Int(entry.start)] {
        case Byte.openBrace, Byte.openBracket: return Int(entry.link) + 1
        default: return index + 1
        }
    }
}

extension JSONValue {
    /// The member of an object; nil when it is not an object or has no such member. On duplicates the last counts.
    public subscript(key: String) -> JSONValue? {
        guard isObject else { return nil }
        let tape = storage.tape
        let text = storage.bytes
        var found: Int?
        var at = index + 1
        let end = Int(tape[index].link)
        while at < end {
            if tape[at].isText(key.utf8.span, in: text.span) { found = at + 1 }
            at = tape.indexAfter(at + 1, in: text.span)
        }
        return found.map { JSONValue(storage: storage, index: $0) }
    }

    /// Elements of an array; empty for another kind.
    public var elements: Elements { Elements(array: self) }
    /// Members of an object in order, duplicates included; empty for another kind.
    public var members: Members { Members(object: self) }

    /// The texts of an array of strings; nil for anything else, also where one element is no string.
    public var strings: [String]? {
        guard isArray else { return nil }
        var strings: [String] = []
        for element in elements {
            guard let string = element.string else { return nil }
            strings.append(string)
        }
        return strings
    }

    /// The tape index of what follows this value.
    @inline(__always)
    fileprivate var indexAfter: Int {
        let text = storage.bytes
        return storage.tape.indexAfter(index, in: text.span)
    }

    /// The tape indices of a container's content; empty if this is no container of the kind that `bracket` opens.
    @inline(__always)
    fileprivate func content(of bracket: UInt8) -> Range<Int> {
        firstByte == bracket ? index + 1..<Int(entry.link) : 0..<0
    }

    public struct Elements: Sequence, Sendable {
        fileprivate let array: JSONValue

        /// How many there are; counted anew each time.
        public var count: Int { reduce(into: 0) { count, _ in count += 1 } }
        public var isEmpty: Bool { array.content(of: Byte.openBracket).isEmpty }
        public var first: JSONValue? { first { _ in true } }

        public func makeIterator() -> Iterator {
            Iterator(storage: array.storage, remaining: array.content(of: Byte.openBracket))
        }

        public struct Iterator: IteratorProtocol {
            fileprivate let storage: JSONDocument.Storage
            fileprivate var remaining: Range<Int>

            public mutating func next() -> JSONValue? {
                guard !remaining.isEmpty else { return nil }
                let value = JSONValue(storage: storage, index: remaining.lowerBound)
                remaining = value.indexAfter..<remaining.upperBound
                return value
            }
        }
    }

    public struct Members: Sequence, Sendable {
        fileprivate let object: JSONValue

        /// How many there are; counted anew each time.
        public var count: Int { reduce(into: 0) { count, _ in count += 1 } }
        public var isEmpty: Bool { object.content(of: Byte.openBrace).isEmpty }

        public func makeIterator() -> Iterator {
            Iterator(storage: object.storage, remaining: object.content(of: Byte.openBrace))
        }

        public struct Iterator: IteratorProtocol {
            fileprivate let storage: JSONDocument.Storage
            fileprivate var remaining: Range<Int>

            public mutating func next() -> Member? {
                guard !remaining.isEmpty else { return nil }
                let key = JSONValue(storage: storage, index: remaining.lowerBound)
                let value = JSONValue(storage: storage, index: remaining.lowerBound + 1)
                remaining = value.indexAfter..<remaining.upperBound
                return Member(key: key, value: value)
            }
        }

        public struct Member: Sendable {
            /// The key as a value of kind string.
            public let key: JSONValue
            public let value: JSONValue
        }
    }
}

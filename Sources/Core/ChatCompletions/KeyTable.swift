import JSON

/// Finds the case of an enum that a JSON string spells, without building a String.
struct KeyTable<Key: RawRepresentable<String> & CaseIterable & Sendable>: Sendable {
    private let keysByLength: [[Key]]

    init() {
        var keysByLength: [[Key]] = []
        for key in Key.allCases {
            let length = key.rawValue.utf8.count
            while keysByLength.count <= length { keysByLength.append([]) }
            keysByLength[length].append(key)
        }
        self.keysByLength = keysByLength
    }

    /// The case that `text`, a string, spells; nil for other text and other kinds of value.
    subscript(text: JSONValue) -> Key? {
        guard !text.hasEscapes else { return text.string.flatMap(Key.init(rawValue:)) }
        let length = text.escapedByteCount
        guard length < keysByLength.count else { return nil }
        for key in keysByLength[length] where text.isString(key.rawValue) { return key }
        return nil
    }
}

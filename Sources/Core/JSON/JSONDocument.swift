/// One parsed JSON text: its bytes, and an index of the values in them.
///
/// Parsing is one validating pass (UTF-8, escapes, numbers, a depth bound). Values stay spans of the bytes;
/// nothing is unescaped or copied until asked for. The index takes 8 bytes a value and a key, 16 a container.
public struct JSONDocument: Sendable {
    let storage: Storage

    /// Parses `bytes` as one JSON text (RFC 8259). Throws on anything else, also on nesting beyond `maximumDepth`.
    ///
    /// Repeated keys are accepted (the last counts) and so are escaped surrogates without their partner
    /// (U+FFFD when unescaped); a byte order mark is not.
    public init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(JSONError) {
        var parser = JSONParser(maximumDepth: maximumDepth)
        try parser.parse(bytes.span)
        storage = Storage(bytes: bytes, tape: parser.tape)
    }

    public var root: JSONValue { JSONValue(storage: storage, index: 0) }

    /// The text as it was given.
    public var bytes: [UInt8] { storage.bytes }

    /// What a document and all its values share; one reference, so that values are cheap to copy.
    final class Storage: Sendable {
        let bytes: [UInt8]
        let tape: [TapeEntry]

        init(bytes: [UInt8], tape: [TapeEntry]) {
            self.bytes = bytes
            self.tape = tape
        }
    }
}

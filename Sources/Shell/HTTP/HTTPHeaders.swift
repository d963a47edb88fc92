/// A response's header lines in one buffer; look-ups ignore case.
///
/// Most lines of most responses are never looked at, so they are kept as they came and read when asked for.
public struct HTTPHeaders: Sendable {
    /// Lines, each ended by a line feed.
    private var bytes: [UInt8] = []

    public init() {}

    /// Appends one line as received, line end included or not; lines without a colon are ignored.
    public mutating func append(line: some Collection<UInt8>) {
        bytes.append(contentsOf: line)
        if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
    }

    mutating func reserveCapacity(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    /// The first value of this header, trimmed.
    public subscript(name: StaticString) -> String? {
        name.withUTF8Buffer { name in
            bytes.withUnsafeBufferPointer { value(of: name, in: $0[...]) }
        }
    }

    private func value(
        of name: UnsafeBufferPointer<UInt8>, in lines: Slice<UnsafeBufferPointer<UInt8>>
    ) -> String? {
        var rest = lines
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard line.count > name.count, line[line.startIndex + name.count] == UInt8(ascii: ":"),
                zip(line, name).allSatisfy({ Self.lowercased($0) == Self.lowercased($1) })
            else { continue }
            return String(decoding: Self.trimmed(line.dropFirst(name.count + 1)), as: UTF8.self)
        }
        return nil
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ value: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>> {
        func isSpace(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
        }
        var value = value.drop(while: isSpace)
        while let last = value.last, isSpace(last) { value = value.dropLast() }
        return value
    }
}

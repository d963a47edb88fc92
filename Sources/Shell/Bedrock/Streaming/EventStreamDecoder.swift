/// Takes the frames out of an `application/vnd.amazon.eventstream` body that arrives in pieces of any size.
///
/// The format: Bedrock reference, section 6. Nothing of a frame is believed before its checksums were compared: lengths
/// after the prelude's, the rest after the message's. After an error the stream is over.
struct EventStreamDecoder {
    private static let longestHeaders = 131_072
    private static let longestPayload = 25_165_824
    /// Total length, headers' length, their checksum.
    private static let preludeLength = 12
    /// Prelude and the checksum at the end.
    private static let overhead = 16
    /// What has been read is cut off when that much has gathered, so that it is not done for every frame.
    private static let keptSize = 65_536

    private var buffer: [UInt8] = []
    /// Where the next frame begins.
    private var start = 0

    /// What is kept in memory, read or not.
    var heldBytes: Int { buffer.count }

    mutating func append(_ bytes: [UInt8]) {
        if start == buffer.count {
            // The usual case: the piece before ended with a frame.
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptSize)
            start = 0
        } else if start > Self.keptSize {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next frame; nil until more bytes have come.
    mutating func next() throws(EventStreamError) -> EventStreamMessage? {
        guard let frame = try Frame(at: start, in: buffer.span) else { return nil }
        guard buffer.count - start >= frame.length else { return nil }
        try frame.check(buffer.span)
        let message = EventStreamMessage(
            headers: try EventStreamHeaders.read(buffer, frame.headers), payload: Array(buffer[frame.payload]))
        start += frame.length
        return message
    }

    /// Says whether the body may end here.
    func finish() throws(EventStreamError) {
        guard start == buffer.count else { throw .truncated }
    }

    /// Where the parts of one frame are.
    private struct Frame {
        var start: Int
        var length: Int
        var headers: Range<Int>
        var payload: Range<Int>
        private var checksum: CRC32

        /// Nil until the whole prelude has come.
        init?(at start: Int, in bytes: borrowing Span<UInt8>) throws(EventStreamError) {
            guard bytes.count - start >= EventStreamDecoder.preludeLength else { return nil }
            checksum = CRC32()
            checksum.update(bytes, start..<start + 8)
            guard checksum.value == bytes.word(at: start + 8) else { throw .preludeChecksum }
            let total = Int(bytes.word(at: start))
            let headersLength = Int(bytes.word(at: start + 4))
            guard total >= EventStreamDecoder.overhead, total - EventStreamDecoder.overhead >= headersLength else {
                throw .frameLength
            }
            guard headersLength <= EventStreamDecoder.longestHeaders else { throw .headersTooLong }
            guard total - EventStreamDecoder.overhead - headersLength <= EventStreamDecoder.longestPayload else {
                throw .payloadTooLong
            }
            self.start = start
            length = total
            headers =
                start + EventStreamDecoder.preludeLength..<start + EventStreamDecoder.preludeLength + headersLength
            payload = headers.upperBound..<start + total - 4
        }

        /// Compares the checksum of the whole frame, all of which has come.
        func check(_ bytes: borrowing Span<UInt8>) throws(EventStreamError) {
            var checksum = checksum
            checksum.update(bytes, start + 8..<payload.upperBound)
            guard checksum.value == bytes.word(at: payload.upperBound) else { throw .messageChecksum }
        }
    }
}

/// Reads a frame's headers: name length, name, type, value, one after the other.
private struct EventStreamHeaders {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    static func read(_ bytes: [UInt8], _ range: Range<Int>) throws(EventStreamError) -> [EventStreamMessage.Header] {
        var reader = EventStreamHeaders(bytes: bytes[range], position: range.lowerBound)
        var headers: [EventStreamMessage.Header] = []
        while reader.position < range.upperBound {
            let name = try reader.text(Int(reader.integer(UInt8.self)))
            guard !headers.contains(where: { $0.name == name }) else { throw .duplicateHeader }
            headers.append(EventStreamMessage.Header(name: name, value: try reader.value()))
        }
        return headers
    }

    private mutating func value() throws(EventStreamError) -> EventStreamMessage.Value {
        switch try integer(UInt8.self) {
        case 0: .bool(true)
        case 1: .bool(false)
        case 2: .int8(try integer(Int8.self))
        case 3: .int16(try integer(Int16.self))
        case 4: .int32(try integer(Int32.self))
        case 5: .int64(try integer(Int64.self))
        case 6: .bytes(Array(try take(Int(integer(UInt16.self)))))
        case 7: .string(try text(Int(integer(UInt16.self))))
        case 8: .timestamp(try integer(Int64.self))
        case 9: .uuid(Array(try take(16)))
        default: throw .unknownHeaderType
        }
    }

    private mutating func take(_ count: Int) throws(EventStreamError) -> ArraySlice<UInt8> {
        guard bytes.endIndex - position >= count else { throw .malformedHeader }
        defer { position += count }
        return bytes[position..<position + count]
    }

    private mutating func text(_ count: Int) throws(EventStreamError) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw .malformedHeader }
        return text
    }

    private mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(EventStreamError) -> Value {
        try take(Value.bitWidth / 8).reduce(0) { value, byte in value << 8 | Value(truncatingIfNeeded: byte) }
    }
}

extension Span<UInt8> {
    /// The four bytes at `offset`, big endian.
    fileprivate func word(at offset: Int) -> UInt32 {
        UInt32(self[offset]) << 24 | UInt32(self[offset + 1]) << 16 | UInt32(self[offset + 2]) << 8
            | UInt32(self[offset + 3])
    }
}

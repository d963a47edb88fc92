import TestSupport
import Testing

@testable import Bedrock

@Suite struct EventStreamDecoderTests {
    /// The messages of `pieces`, and the error that ended them.
    private func decode(_ pieces: [[UInt8]]) -> (messages: [EventStreamMessage], error: EventStreamError?) {
        var decoder = EventStreamDecoder()
        var messages: [EventStreamMessage] = []
        do throws(EventStreamError) {
            for piece in pieces {
                decoder.append(piece)
                while let message = try decoder.next() { messages.append(message) }
            }
            try decoder.finish()
            return (messages, nil)
        } catch {
            return (messages, error)
        }
    }

    private func expect(_ pieces: [[UInt8]], toGive vector: EventStreamVector) throws {
        let (messages, error) = decode(pieces)
        #expect(try messages.map(Message.text) == vector.messages())
        #expect(error == vector.error)
    }

    @Test func `all recorded vectors are there`() {
        #expect(EventStreamVector.all.count == 33)
    }

    @Test(arguments: EventStreamVector.all)
    func `a whole stream gives its messages and its error`(_ vector: EventStreamVector) throws {
        try expect([vector.bytes], toGive: vector)
    }

    @Test(arguments: EventStreamVector.all)
    func `a stream that comes byte by byte gives the same`(_ vector: EventStreamVector) throws {
        try expect(vector.bytes.map { [$0] }, toGive: vector)
    }

    @Test(arguments: EventStreamVector.all)
    func `a stream in pieces of any size gives the same`(_ vector: EventStreamVector) throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<50 {
            var rest = vector.bytes[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let count = Int.random(in: 1...min(rest.count, 200), using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            try expect(pieces, toGive: vector)
        }
    }

    @Test(arguments: EventStreamVector.all.filter { $0.error == nil })
    func `a stream cut anywhere is sound only between frames`(_ vector: EventStreamVector) {
        let whole = decode([vector.bytes]).messages
        for end in 0..<vector.bytes.count {
            let (messages, error) = decode([Array(vector.bytes[..<end])])
            #expect(messages == Array(whole.prefix(messages.count)))
            #expect(error == nil || error == .truncated)
        }
    }

    @Test(arguments: EventStreamVector.all.filter { $0.error == nil })
    func `one changed bit is always found`(_ vector: EventStreamVector) {
        let whole = decode([vector.bytes]).messages
        for index in vector.bytes.indices {
            var bytes = vector.bytes
            bytes[index] ^= 1 << UInt8(index % 8)
            let (messages, error) = decode([bytes])
            #expect(error != nil)
            #expect(messages == Array(whole.prefix(messages.count)))
        }
    }

    @Test func `random bytes are refused, and never taken for a message`() {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1...80, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let (messages, error) = decode([bytes])
            #expect(messages.isEmpty)
            #expect(error != nil)
        }
    }

    @Test func `headers that contradict their frame are refused, with checksums that are right`() {
        var generator = SeededGenerator(seed: 13)
        for _ in 0..<5000 {
            let headers = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
                UInt8.random(in: 0...12, using: &generator)
            }
            let (messages, error) = decode([Self.frame(headers: headers, payload: [1, 2, 3])])
            #expect((error == nil) == (messages.count == 1))
            if let message = messages.first { #expect(message.payload == [1, 2, 3]) }
        }
    }

    @Test func `a long stream does not pile up`() throws {
        var decoder = EventStreamDecoder()
        let vector = try #require(EventStreamVector.all.first { $0.name == "text-stream" })
        var messages = 0
        for _ in 0..<2000 {
            decoder.append(vector.bytes + vector.bytes.prefix(10))
            while try decoder.next() != nil { messages += 1 }
            decoder.append(Array(vector.bytes.dropFirst(10)))
            while try decoder.next() != nil { messages += 1 }
        }
        try decoder.finish()
        #expect(messages == 2000 * 14)
        #expect(decoder.heldBytes < 200_000)
    }

    @Test func `the checksum is that of zlib`() {
        var checksum = CRC32()
        checksum.update(Array("123456789".utf8).span, 0..<9)
        #expect(checksum.value == 0xCBF4_3926)
    }

    /// A frame whose checksums are right, whatever its headers are.
    private static func frame(headers: [UInt8], payload: [UInt8]) -> [UInt8] {
        var bytes = word(UInt32(headers.count + payload.count + 16)) + word(UInt32(headers.count))
        bytes += word(checksum(bytes))
        bytes += headers + payload
        return bytes + word(checksum(bytes))
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        var checksum = CRC32()
        checksum.update(bytes.span, 0..<bytes.count)
        return checksum.value
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> UInt32($0)) }
    }
}

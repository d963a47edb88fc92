/// A text while it is written: an array with spare bytes at its end, so that a short piece is a few stores.
///
/// `Array.append` is a call, and a text like a routing event's has two hundred pieces.
struct TextBuffer: ~Copyable, Sendable {
    /// The first `count` are written, the rest is spare.
    private var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int) { storage = [UInt8](repeating: 0, count: capacity) }

    var bytes: ArraySlice<UInt8> { storage[..<count] }

    consuming func finish() -> [UInt8] {
        storage.removeLast(storage.count - count)
        return storage
    }

    mutating func removeAll() { count = 0 }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        makeRoom(for: 1)
        storage[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ text: borrowing Span<UInt8>) {
        guard !text.isEmpty else { return }
        unsafe text.withUnsafeBufferPointer { unsafe append(comma: false, "", $0, "") }
    }

    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe append(comma: false, "", $0, "") }
    }

    /// `"text"`, behind a comma where one is due.
    mutating func append(quoting text: borrowing Span<UInt8>, comma: Bool) {
        unsafe text.withUnsafeBufferPointer { unsafe append(comma: comma, "\"", $0, "\"") }
    }

    /// `"key":`, behind a comma where one is due.
    mutating func append(key: StaticString, comma: Bool) {
        key.withUTF8Buffer { unsafe append(comma: comma, "\"", $0, "\":") }
    }

    @inline(__always)
    private mutating func append(
        comma: Bool, _ before: StaticString, _ text: UnsafeBufferPointer<UInt8>, _ after: StaticString
    ) {
        let length = (comma ? 1 : 0) + before.utf8CodeUnitCount + text.count + after.utf8CodeUnitCount
        makeRoom(for: length)
        unsafe storage.withUnsafeMutableBufferPointer { storage in
            // Room was made for all of it, so each piece ends before the next begins and the last before the end.
            var end = unsafe storage.baseAddress.unsafelyUnwrapped + count
            if comma {
                unsafe end.pointee = Byte.comma
                unsafe end += 1
            }
            for index in 0..<before.utf8CodeUnitCount { unsafe end[index] = before.utf8Start[index] }
            unsafe end += before.utf8CodeUnitCount
            if let start = text.baseAddress { unsafe end.update(from: start, count: text.count) }
            unsafe end += text.count
            for index in 0..<after.utf8CodeUnitCount { unsafe end[index] = after.utf8Start[index] }
        }
        count += length
    }

    @inline(__always)
    private mutating func makeRoom(for more: Int) {
        if storage.count - count < more { grow(by: more) }
    }

    private mutating func grow(by more: Int) {
        storage.append(contentsOf: repeatElement(0, count: max(more, storage.count)))
    }
}

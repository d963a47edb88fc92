/// A record's headers: names are text, values are bytes or null, order and duplicates are kept.
///
/// All names and values share one buffer, so a record with ten headers costs two allocations.
public struct RecordHeaders: Sendable {
    private var bytes: [UInt8] = []
    private var entries: [Entry] = []

    private struct Entry: Sendable {
        var nameEnd: Int32
        /// Negative: the value is null.
        var valueEnd: Int32
        var start: Int32
    }

    public init() {}

    public var isEmpty: Bool { entries.isEmpty }
    public var count: Int { entries.count }
    /// Bytes that names and values take, as they count towards a record's size.
    public var byteCount: Int { bytes.count }

    public mutating func reserveCapacity(headers: Int, bytes byteCapacity: Int) {
        entries.reserveCapacity(headers)
        bytes.reserveCapacity(byteCapacity)
    }

    public mutating func append(_ name: String, _ value: some Sequence<UInt8>) {
        append(name: name.utf8, value: value)
    }

    public mutating func append(_ name: String, text: String) {
        append(name: name.utf8, value: text.utf8)
    }

    public mutating func append(_ name: String, null: Void) {
        let start = Int32(bytes.count)
        bytes.append(contentsOf: name.utf8)
        entries.append(Entry(nameEnd: Int32(bytes.count), valueEnd: -1, start: start))
    }

    /// As a C library hands them out; not generic, since callers in other modules would run the generic code unspecialised.
    public mutating func append(name: UnsafeRawBufferPointer, bytes value: UnsafeRawBufferPointer?) {
        unsafe append(name: name, value: value)
    }

    public mutating func append(name: some Sequence<UInt8>, value: (some Sequence<UInt8>)?) {
        let start = Int32(bytes.count)
        copy(name)
        let nameEnd = Int32(bytes.count)
        guard let value else {
            entries.append(Entry(nameEnd: nameEnd, valueEnd: -1, start: start))
            return
        }
        copy(value)
        entries.append(Entry(nameEnd: nameEnd, valueEnd: Int32(bytes.count), start: start))
    }

    /// In one go where the sequence allows it: callers in other modules hand over unspecialised sequences, and
    /// a witness call per byte costs more than all the rest of a header.
    private mutating func copy(_ sequence: some Sequence<UInt8>) {
        let isCopied: Void? = sequence.withContiguousStorageIfAvailable { buffer in
            unsafe bytes.append(contentsOf: buffer)
        }
        if isCopied == nil { bytes.append(contentsOf: sequence) }
    }

    /// Appends header `index` of `other` as it is.
    public mutating func append(_ index: Int, of other: RecordHeaders) {
        append(name: other.name(at: index), value: other.value(at: index))
    }

    public func name(at index: Int) -> ArraySlice<UInt8> {
        let entry = entries[index]
        return bytes[Int(entry.start)..<Int(entry.nameEnd)]
    }

    /// The value's bytes; nil when the header's value is null.
    public func value(at index: Int) -> ArraySlice<UInt8>? {
        let entry = entries[index]
        return entry.valueEnd < 0 ? nil : bytes[Int(entry.nameEnd)..<Int(entry.valueEnd)]
    }

    /// The index of the last header with this name: on duplicate headers the last counts (contract, section 3).
    public func lastIndex(of name: String) -> Int? {
        let name = name.utf8.span
        return entries.indices.last { index in
            let start = Int(entries[index].start)
            guard Int(entries[index].nameEnd) - start == name.count else { return false }
            return name.indices.allSatisfy { bytes[start + $0] == name[$0] }
        }
    }

    /// The value of the last header with this name; nil when there is none or its value is null.
    public func last(_ name: String) -> ArraySlice<UInt8>? {
        lastIndex(of: name).flatMap { value(at: $0) }
    }
}

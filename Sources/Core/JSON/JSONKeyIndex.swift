/// Finds which of a fixed set of texts a JSON string spells, without building a String.
///
/// Texts are compared only with those of their own length, which are few.
public struct JSONKeyIndex: Sendable {
    /// All texts, in order of length, and for each its place in the list given.
    private var texts: [UInt8] = []
    private var places: [Int] = []
    /// By length: where in `texts` and in `places` those of that length begin. One entry more than there are lengths.
    private var starts: [(text: Int, place: Int)] = []

    public init(_ keys: [String]) {
        let longest = keys.map(\.utf8.count).max() ?? 0
        for length in 0...longest {
            starts.append((texts.count, places.count))
            for (place, key) in keys.enumerated() where key.utf8.count == length {
                texts.append(contentsOf: key.utf8)
                places.append(place)
            }
        }
        starts.append((texts.count, places.count))
    }

    /// Where in the list the text of `value` stands; nil if it is not there or `value` is no string.
    public func place(of value: JSONValue) -> Int? {
        let entry = value.entry
        let source = value.storage.bytes
        guard source[Int(entry.start)] == Byte.quote else { return nil }
        guard entry.hasEscapes else { return place(of: source.span, in: entry.textRange) }
        let text = unescape(span: source.span.extracting(entry.textRange))
        return place(of: text.span, in: text.indices)
    }

    private func place(of source: borrowing Span<UInt8>, in range: Range<Int>) -> Int? {
        let length = range.count
        guard length + 1 < starts.count else { return nil }
        var (text, place) = starts[length]
        let end = starts[length + 1].place
        while place < end {
            if source.equals(texts.span, in: range, from: text) { return places[place] }
            text += length
            place += 1
        }
        return nil
    }
}

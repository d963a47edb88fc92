/// A `model_name` with `*` in it. As in LiteLLM it must match from the name's start but need not reach its end,
/// and each `*` takes as much as it can.
struct WildcardPattern: Sendable {
    private let pieces: [[UInt8]]

    /// Nil: the name holds no `*`.
    init?(_ name: String) {
        guard name.utf8.contains(UInt8(ascii: "*")) else { return nil }
        pieces = name.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }

    /// What the `*`s stand for in `name`; nil: no match.
    ///
    /// Greedy stars put every piece as far right as it goes. Placing the last piece first, then the one before it,
    /// finds that in one pass, so no name can make the match slow.
    func captures(in name: [UInt8]) -> [String]? {
        let prefix = pieces[0]
        guard name.starts(with: prefix) else { return nil }
        var end = name.count
        var captures: [String] = []
        for (index, piece) in pieces.enumerated().dropFirst().reversed() {
            let isOpenEnd = index == pieces.count - 1 && piece.isEmpty
            guard let start = isOpenEnd ? end : Self.lastPosition(of: piece, in: name, from: prefix.count, to: end)
            else { return nil }
            if index < pieces.count - 1 { captures.append(Self.text(name[(start + piece.count)..<end])) }
            end = start
        }
        captures.append(Self.text(name[prefix.count..<end]))
        return captures.reversed()
    }

    /// `model` with its `*`s replaced by `captures`, in order; surplus ones stay.
    static func fill(_ model: String, with captures: [String]) -> String {
        var filled = ""
        var rest = captures[...]
        for character in model {
            if character == "*", let capture = rest.popFirst() {
                filled += capture
            } else {
                filled.append(character)
            }
        }
        return filled
    }

    private static func lastPosition(of piece: [UInt8], in name: [UInt8], from lowest: Int, to end: Int) -> Int? {
        var start = end - piece.count
        while start >= lowest {
            if name[start..<(start + piece.count)].elementsEqual(piece) { return start }
            start -= 1
        }
        return nil
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}

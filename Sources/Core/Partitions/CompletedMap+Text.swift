/// The printable form that commit metadata carries: librdkafka before 2.6.1 truncates metadata at a zero byte, and
/// brokers refuse more than `offset.metadata.max.bytes` (4,096 unless set).
///
/// `br1b` + a bitset, six offsets a character, the first bit standing for the offset after the position; or
/// `br1r` + run lengths, unfinished and finished in turn from the position on, each less one, five bits a character
/// with the sixth saying that more follow, low bits first. Whichever is shorter is written. An empty map is the
/// empty text. A reader that does not know the first three characters ignores the text and repeats the work.
extension CompletedMap {
    private static let signature = Array("br1".utf8)
    private static let bitsetTag = UInt8(ascii: "b")
    private static let runsTag = UInt8(ascii: "r")
    private static let prefixCount = 4
    /// Seven characters hold 35 bits: a run of 34 thousand million offsets.
    private static let charactersPerRun = 7
    private static let longestRun: Int64 = 1 << 35

    /// Whether the map fits `budget` bytes however its records finish, given how far the highest started offset is
    /// beyond the position and how many offsets up to it are unfinished.
    ///
    /// A lane that starts records only while this holds never has to forget one: the bitset fits, or there are too
    /// few unfinished offsets to break the rest into more runs than fit.
    package static func alwaysFits(span: Int64, unfinished: Int, budget: Int) -> Bool {
        let room = budget - prefixCount
        if span <= 0 { return true }
        return span <= Int64(room) * 6 || (span < longestRun && unfinished * 2 * charactersPerRun <= room)
    }

    /// The text for a commit of `position`; nil when it takes more than `budget` bytes.
    public func text(at position: Offset, budget: Int) -> String? {
        guard let end = ranges.last?.upperBound.rawValue else { return "" }
        let bitsetCount = (end - position.rawValue - 1 + 5) / 6
        let runs = runLengths(from: position)
        let room = budget - Self.prefixCount
        guard min(bitsetCount, Int64(runs.count)) <= Int64(room) else { return nil }
        var text = Self.signature
        if bitsetCount < Int64(runs.count) {
            text.append(Self.bitsetTag)
            text += bitset(from: position, characters: Int(bitsetCount))
        } else {
            text.append(Self.runsTag)
            text += runs
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads the metadata committed with `position`; nil when it is not ours, of another version or damaged.
    public init?(text: String, position: Offset) {
        self.init()
        let bytes = Array(text.utf8)
        if bytes.isEmpty { return }
        guard bytes.count > Self.prefixCount, bytes.starts(with: Self.signature) else { return nil }
        let body = bytes[Self.prefixCount...]
        let isRead =
            switch bytes[Self.prefixCount - 1] {
            case Self.bitsetTag: readBitset(body, from: position)
            case Self.runsTag: readRuns(body, from: position)
            default: false
            }
        guard isRead else { return nil }
    }

    private func bitset(from position: Offset, characters: Int) -> [UInt8] {
        var values = [UInt8](repeating: 0, count: characters)
        for range in ranges {
            for offset in range.lowerBound.rawValue..<range.upperBound.rawValue {
                let bit = Int(offset - position.rawValue - 1)
                values[bit / 6] |= 1 << UInt8(bit % 6)
            }
        }
        return values.map(Base64URL.character)
    }

    private func runLengths(from position: Offset) -> [UInt8] {
        var characters: [UInt8] = []
        var end = position
        for range in ranges {
            Self.appendRun(range.lowerBound.rawValue - end.rawValue, to: &characters)
            Self.appendRun(range.upperBound.rawValue - range.lowerBound.rawValue, to: &characters)
            end = range.upperBound
        }
        return characters
    }

    private static func appendRun(_ length: Int64, to characters: inout [UInt8]) {
        precondition(length > 0, "a completed map starts after its position and its ranges do not touch")
        var rest = UInt64(length - 1)
        while rest >= 32 {
            characters.append(Base64URL.character(UInt8(rest & 31) | 32))
            rest >>= 5
        }
        characters.append(Base64URL.character(UInt8(rest)))
    }

    private mutating func readBitset(_ body: ArraySlice<UInt8>, from position: Offset) -> Bool {
        guard position.rawValue >= 0, position.rawValue < Int64.max - Int64(body.count) * 6 - 1 else { return false }
        var offset = position.next
        for character in body {
            guard let value = Base64URL.value(character) else { return false }
            for bit in UInt8(0)..<6 {
                if value & (1 << bit) != 0 { append(offset..<offset.next, joining: false) }
                offset = offset.next
            }
        }
        return true
    }

    private mutating func readRuns(_ body: ArraySlice<UInt8>, from position: Offset) -> Bool {
        var end = position.rawValue
        var isFinished = false
        var length: UInt64 = 0
        var shift: UInt64 = 0
        for character in body {
            guard let value = Base64URL.value(character), shift < 60 else { return false }
            length |= UInt64(value & 31) << shift
            shift += 5
            if value & 32 != 0 { continue }
            let (runEnd, overflow) = end.addingReportingOverflow(Int64(length) + 1)
            guard !overflow else { return false }
            if isFinished { append(Offset(end)..<Offset(runEnd), joining: false) }
            (end, isFinished, length, shift) = (runEnd, !isFinished, 0, 0)
        }
        return shift == 0 && !isFinished
    }
}

/// Six bits as one printable character: RFC 4648's base64url alphabet.
private enum Base64URL {
    static func character(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "-")
        default: UInt8(ascii: "_")
        }
    }

    static func value(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): character - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): character - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0") + 52
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: nil
        }
    }
}

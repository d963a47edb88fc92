/// What the simulator was asked and what it did.
public struct JournalSnapshot: Sendable {
    /// Requests by model id, then by what became of them: `200`, `429`, `hang`, `reset`, `200 truncated` ...
    public let counts: [String: [String: Int]]
    /// Requests whose client went away before the answer was due.
    public let abandoned: Int
    /// One entry per request, in order of arrival, if entries are kept.
    public let entries: [JournalEntry]

    public var requests: Int { counts.values.reduce(0) { $0 + $1.values.reduce(0, +) } }

    /// How many requests for `model` ended so.
    public func count(_ model: String, _ outcome: String) -> Int { counts[model]?[outcome] ?? 0 }
}

/// One request, as it arrived.
public struct JournalEntry: Hashable, Sendable {
    /// Unix time in nanoseconds.
    public let time: Int64
    public let model: String
    /// The region of the signature's scope; empty for bearer tokens.
    public let region: String
    /// As in `JournalSnapshot.counts`.
    public let outcome: String
    /// XYZ, if the body holds `[id:XYZ]` (the last one counts): ties the request to what a test sent.
    public let id: String?
}

/// Keeps the books. A value: the simulator holds it under its lock.
struct Journal {
    private(set) var abandoned = 0
    private(set) var entries: [JournalEntry] = []
    /// JSON lines that the journal's file does not have yet.
    private(set) var unwritten: [UInt8] = []
    let keepsEntries: Bool
    let writesFile: Bool

    init(keepsEntries: Bool, writesFile: Bool) {
        self.keepsEntries = keepsEntries
        self.writesFile = writesFile
    }

    var wantsEntries: Bool { keepsEntries || writesFile }

    mutating func record(_ entry: JournalEntry) {
        if writesFile { unwritten.append(entry) }
        if keepsEntries { entries.append(entry) }
    }

    mutating func recordAbandoned() { abandoned += 1 }

    /// Swaps the lines to be written for `empty`, whose storage is used again.
    mutating func takeUnwritten(_ empty: inout [UInt8]) { swap(&unwritten, &empty) }

    mutating func clear() {
        abandoned = 0
        entries = []
    }
}

extension Journal {
    /// The XYZ of the last `[id:XYZ]`: 1 to 128 bytes that need no JSON escape.
    static func marker(in body: Bytes) -> String? {
        for start in stride(from: body.count - 6, through: 0, by: -1) where body[start] == UInt8(ascii: "[") {
            guard body.dropping(start).begins(with: "[id:") else { continue }
            let rest = body.dropping(start + 4)
            guard let end = rest.firstIndex(where: { $0 == UInt8(ascii: "]") || isEscaped($0) }), 1...128 ~= end,
                rest[end] == UInt8(ascii: "]")
            else { continue }
            return rest.slice(0..<end).text
        }
        return nil
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }
}

extension [UInt8] {
    /// `entry` as a JSON line.
    mutating func append(_ entry: JournalEntry) {
        append("{\"time_ms\":")
        append(decimal: Int(entry.time / 1_000_000))
        append(UInt8(ascii: "."))
        append(decimal: Int(entry.time / 1000 % 1000), width: 3)
        append(",\"model\":\"")
        append(jsonText: entry.model)
        append("\",\"region\":\"")
        append(jsonText: entry.region)
        append("\",\"outcome\":\"")
        append(jsonText: entry.outcome)
        append("\",\"id\":")
        if let id = entry.id {
            append("\"")
            append(jsonText: id)
            append("\"}\n")
        } else {
            append("null}\n")
        }
    }

    /// The counts as one JSON object.
    mutating func append(_ journal: JournalSnapshot) {
        append("{\"requests\":")
        append(decimal: journal.requests)
        append(",\"abandoned\":")
        append(decimal: journal.abandoned)
        append(",\"models\":{")
        for (position, model) in journal.counts.sorted(by: { $0.key < $1.key }).enumerated() {
            append(position == 0 ? "\"" : ",\"")
            append(jsonText: model.key)
            append("\":{")
            for (position, outcome) in model.value.sorted(by: { $0.key < $1.key }).enumerated() {
                append(position == 0 ? "\"" : ",\"")
                append(jsonText: outcome.key)
                append("\":")
                append(decimal: outcome.value)
            }
            append("}")
        }
        append("}}\n")
    }
}

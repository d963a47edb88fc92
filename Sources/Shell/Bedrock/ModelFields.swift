import JSON

/// Members of `additionalModelRequestFields`: the requester's, and those that parameters become.
struct ModelFields {
    private var members: [(key: String, json: ArraySlice<UInt8>)] = []

    var isEmpty: Bool { members.isEmpty }
    var count: Int { members.count }
    /// More are no model's.
    static let limit = 128

    /// The requester's or ours, parsed; nil: there is none of that name.
    subscript(key: String) -> JSONValue? {
        guard let member = members.first(where: { $0.key == key }) else { return nil }
        return try? JSONDocument(parsing: Array(member.json)).root
    }

    /// The requester's own: the last of equal keys counts.
    mutating func set(_ key: String, _ value: JSONValue) {
        members.removeAll { $0.key == key }
        members.append((key, value.source))
    }

    /// What a parameter became, which wins over a member of that name.
    mutating func put(_ key: String, json: ArraySlice<UInt8>) {
        members.removeAll { $0.key == key }
        members.insert((key, json), at: 0)
    }

    mutating func put(_ key: String, json: String) { put(key, json: Array(json.utf8)[...]) }

    func write(to writer: inout JSONWriter) {
        if members.isEmpty { return }
        writer.key("additionalModelRequestFields")
        writer.beginObject()
        for (key, json) in members {
            writer.key(text: key)
            writer.source(json)
        }
        writer.endObject()
    }
}

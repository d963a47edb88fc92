import Foundation

/// A JSON value of a scenario file, with forgiving look-ups: what is not there reads as nil.
enum JSONNode: Codable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONNode].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONNode].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int64(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    subscript(key: String) -> JSONNode? {
        guard case .object(let members) = self, let value = members[key] else { return nil }
        if case .null = value { return nil }
        return value
    }

    var array: [JSONNode]? { if case .array(let value) = self { value } else { nil } }
    var object: [String: JSONNode]? { if case .object(let value) = self { value } else { nil } }
    var text: String? { if case .string(let value) = self { value } else { nil } }
    var int: Int? { double.flatMap { Int(exactly: $0) } }

    /// Headers carry numbers as text. What is beyond all times and counts is cut off: durations are made of it.
    var double: Double? {
        let value: Double? =
            switch self {
            case .number(let value): value
            case .string(let value): Double(value)
            case .null, .bool, .array, .object: nil
            }
        return value.flatMap { $0.isNaN ? nil : min(max($0, -1e15), 1e15) }
    }

    /// LiteLLM takes flags as booleans or as the text "true".
    var isTrue: Bool {
        switch self {
        case .bool(let value): value
        case .string(let value): value.lowercased() == "true"
        case .null, .number, .array, .object: false
        }
    }

    var strings: [String] { (array ?? []).compactMap(\.text) }
}

extension JSONNode {
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

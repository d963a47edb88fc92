import Foundation
import JSON
import Testing

@testable import Bedrock

/// The recorded event streams, each with what must come of it.
struct EventStreamVector: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    private let json: JSONValue

    static let all: [EventStreamVector] = {
        guard let vectors = try? Fixtures.json("eventstream-vectors")["vectors"] else { return [] }
        return vectors.elements.compactMap(EventStreamVector.init)
    }()

    private init?(_ json: JSONValue) {
        guard let name = json["name"]?.string, let text = json["base64"]?.string, let data = Data(base64Encoded: text)
        else { return nil }
        self.name = name
        self.json = json
        bytes = [UInt8](data)
    }

    var testDescription: String { name }

    /// The messages before the end, as `Message` shows them.
    func messages() throws -> [String] {
        try #require(json["events"]).elements.map { event in
            let headers = try #require(event["headers"]).members
                .map { "\($0.key.string ?? "")=\($0.value.string ?? String(decoding: $0.value.source, as: UTF8.self))" }
            let payload = try #require(event["payload"])
            return try Message.text(headers: headers, payload: payload.isNull ? [] : Array(payload.source))
        }
    }

    /// Nil: the stream's framing is sound to its end.
    var error: EventStreamError? {
        switch json["expected_error"]?.string {
        case "prelude_crc_mismatch": .preludeChecksum
        case "message_crc_mismatch": .messageChecksum
        case "invalid_frame_length": .frameLength
        case "headers_length_exceeded": .headersTooLong
        case "payload_length_exceeded": .payloadTooLong
        case "unknown_header_type": .unknownHeaderType
        case "duplicate_header": .duplicateHeader
        case "truncated_frame": .truncated
        default: nil
        }
    }

    /// Canonical JSON of each delta.
    func deltas() throws -> [String]? { try json["openai_deltas"]?.elements.map { try Fixtures.canonical($0.source) } }

    /// `complete`, or `failed` and a status.
    var result: String? { json["result"]?.string }
    var finishReason: String? { json["finish_reason"]?.string }
    var usage: [String: Int]? {
        json["openai_usage"].map { usage in
            usage.members.reduce(into: [:]) { $0[$1.key.string ?? ""] = $1.value.integer }
        }
    }
}

/// Messages as text that can be compared.
enum Message {
    static func text(_ message: EventStreamMessage) throws -> String {
        let headers = message.headers.map { "\($0.name)=\(text($0.value))" }
        return try text(headers: headers, payload: message.payload)
    }

    static func text(headers: [String], payload: [UInt8]) throws -> String {
        let body = payload.isEmpty ? "nothing" : try Fixtures.canonical(payload)
        return headers.sorted().joined(separator: " ") + " " + body
    }

    private static func text(_ value: EventStreamMessage.Value) -> String {
        switch value {
        case .bool(let value): "\(value)"
        case .int8(let value): "\(value)"
        case .int16(let value): "\(value)"
        case .int32(let value): "\(value)"
        case .int64(let value), .timestamp(let value): "\(value)"
        case .string(let text): text
        case .bytes(let bytes), .uuid(let bytes):
            bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
    }
}

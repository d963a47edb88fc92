/// One frame of an event stream, its checksums found right.
struct EventStreamMessage: Hashable, Sendable {
    struct Header: Hashable, Sendable {
        var name: String
        var value: Value
    }

    /// A header's value in one of the format's ten types.
    enum Value: Hashable, Sendable {
        case bool(Bool)
        case int8(Int8)
        case int16(Int16)
        case int32(Int32)
        case int64(Int64)
        case bytes([UInt8])
        case string(String)
        /// Unix milliseconds.
        case timestamp(Int64)
        /// Sixteen bytes.
        case uuid([UInt8])
    }

    /// In the order they came; no name twice.
    var headers: [Header]
    var payload: [UInt8]

    /// The text of a header; nil when there is none, or one of another type.
    func text(of name: String) -> String? {
        for header in headers where header.name == name {
            if case .string(let text) = header.value { return text }
        }
        return nil
    }
}

/// Why a body is no event stream, or none that can be trusted.
enum EventStreamError: String, Error, CaseIterable, Sendable {
    case preludeChecksum = "the checksum of a frame's lengths is wrong"
    case messageChecksum = "a frame's checksum is wrong"
    case frameLength = "a frame's lengths contradict each other"
    case headersTooLong = "a frame's headers are too long"
    case payloadTooLong = "a frame's payload is too long"
    case malformedHeader = "a frame's header cannot be read"
    case unknownHeaderType = "a frame's header has an unknown type"
    case duplicateHeader = "a frame has the same header twice"
    case truncated = "the body ends within a frame"
}

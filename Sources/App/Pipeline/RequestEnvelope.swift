import ChatCompletions
public import Partitions
public import Time

/// What a request's headers say: who asked, where to answer, until when (contract, section 3).
public struct RequestEnvelope: Sendable {
    /// Correlation headers exactly as they came, under their own names; made from the source when there was none.
    public private(set) var correlation = RecordHeaders()
    /// `traceparent` and `tracestate` as they came.
    public private(set) var trace = RecordHeaders()
    /// The correlation id as text, for routing events and logs; the beginning of one that is too long for them.
    public private(set) var correlationID: String
    /// The replies' key: the request's own, else the correlation id's bytes.
    public private(set) var replyKey: [UInt8]
    /// Nil: the default reply topic.
    public private(set) var replyTopic: String?
    public private(set) var replyPartition: Int32?
    var choosesDestination: Bool { replyTopic != nil || replyPartition != nil }
    /// Nil: the record's timestamp and the configured deadline decide.
    public private(set) var deadline: Instant?
    /// What is wrong with the headers, if anything: the reply then says so.
    public private(set) var problem: HeaderProblem?

    /// A header that cannot be followed.
    public struct HeaderProblem: Hashable, Sendable {
        public var header: String
        public var message: String
    }

    /// Second names come from Spring Kafka (`kafka_`) and FastStream (underscores).
    private static let correlationNames = ["correlation-id", "kafka_correlationId", "correlation_id"]
    private static let replyTopicNames = ["kafka_replyTopic", "reply-topic", "reply_to"]

    public init(_ record: ConsumerRecord) {
        let headers = record.headers
        var correlationValue: ArraySlice<UInt8>?
        for name in Self.correlationNames {
            guard let index = headers.lastIndex(of: name) else { continue }
            correlation.append(index, of: headers)
            correlationValue = correlationValue ?? headers.value(at: index)
        }
        for name in ["traceparent", "tracestate"] {
            if let index = headers.lastIndex(of: name) { trace.append(index, of: headers) }
        }
        if let correlationValue {
            correlationID = Self.text(of: correlationValue)
            replyKey = record.key ?? Array(correlationValue)
        } else {
            correlationID = "\(record.source.topic)-\(record.source.partition)-\(record.offset.rawValue)"
            if correlation.isEmpty { correlation.append("correlation-id", text: correlationID) }
            replyKey = record.key ?? Array(correlationID.utf8)
        }
        readReplyTopic(headers)
        readReplyPartition(headers)
        readDeadline(headers)
        refuseReplies(headers)
    }

    /// A reply that comes back as a request would be answered, and that answer as well: each round costs money.
    private mutating func refuseReplies(_ headers: RecordHeaders) {
        guard headers.lastIndex(of: "x-relay-status") != nil, headers.lastIndex(of: "x-relay-source") != nil
        else { return }
        problem = HeaderProblem(header: "x-relay-status", message: "says that this is a relay's reply, not a request")
    }

    private mutating func readReplyTopic(_ headers: RecordHeaders) {
        for name in Self.replyTopicNames {
            guard let value = headers.last(name) else { continue }
            guard let topic = String(validating: value, as: UTF8.self) else {
                problem = HeaderProblem(header: name, message: "is not UTF-8 text")
                return
            }
            replyTopic = topic
            return
        }
    }

    private mutating func readReplyPartition(_ headers: RecordHeaders) {
        if let value = headers.last("kafka_replyPartition") {
            guard value.count == 4 else {
                problem = HeaderProblem(
                    header: "kafka_replyPartition", message: "has \(value.count) bytes, expected 4 (big endian)")
                return
            }
            let partition = value.reduce(Int32(0)) { ($0 << 8) | Int32($1) }
            setReplyPartition(partition, header: "kafka_replyPartition")
        } else if let value = headers.last("reply-partition") {
            guard let partition = Int32(String(decoding: value, as: UTF8.self)) else {
                problem = HeaderProblem(header: "reply-partition", message: "is not a decimal partition number")
                return
            }
            setReplyPartition(partition, header: "reply-partition")
        }
    }

    private mutating func setReplyPartition(_ partition: Int32, header: String) {
        guard partition >= 0 else {
            problem = HeaderProblem(header: header, message: "is negative")
            return
        }
        replyPartition = partition
    }

    private mutating func readDeadline(_ headers: RecordHeaders) {
        guard let value = headers.last("deadline") else { return }
        guard let milliseconds = Int64(String(decoding: value, as: UTF8.self)) else {
            problem = HeaderProblem(header: "deadline", message: "is not a number of Unix milliseconds in decimal text")
            return
        }
        deadline = Instant(unixMilliseconds: milliseconds)
    }

    /// What the request would say without its key and headers, which can be too large to be written again.
    static func withoutEcho(of record: ConsumerRecord) -> RequestEnvelope {
        RequestEnvelope(
            ConsumerRecord(
                source: record.source, offset: record.offset, timestamp: record.timestamp,
                timestampKind: record.timestampKind, key: nil, value: nil, headers: RecordHeaders()))
    }

    /// Printable text as it is; sixteen other bytes as a UUID (Spring's default), anything else as hex.
    private static func text(of whole: ArraySlice<UInt8>) -> String {
        let value = beginning(of: whole)
        if value.allSatisfy({ 0x20..<0x7f ~= $0 }) { return String(decoding: value, as: UTF8.self) }
        if let text = String(validating: value, as: UTF8.self), !value.contains(where: { $0 < 0x20 || $0 == 0x7f }) {
            return text
        }
        let digits = value.flatMap { [hexDigit($0 >> 4), hexDigit($0 & 15)] }
        guard value.count == 16 else { return String(decoding: digits, as: UTF8.self) }
        let groups = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32]
        return groups.map { String(decoding: digits[$0], as: UTF8.self) }.joined(separator: "-")
    }

    /// Does not end within a character of UTF-8, which has at most three bytes after its first.
    private static func beginning(of value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var beginning = value.prefix(longestText)
        guard beginning.count < value.count else { return value }
        for _ in 0..<3 where value[beginning.endIndex] & 0xC0 == 0x80 { beginning.removeLast() }
        return beginning
    }

    private static let longestText = 1024

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}

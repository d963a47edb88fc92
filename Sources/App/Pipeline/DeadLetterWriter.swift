public import ChatCompletions
public import Partitions
public import Time

/// Makes dead letters: the original record, and why it failed, in the words of three families of tools.
///
/// `x-relay-*` is ours, `kafka_dlt-*` Spring Kafka's, `__connect.errors.*` Kafka Connect's; forms and types:
/// Kafka conventions, section 1.3.
public struct DeadLetterWriter: Sendable {
    private let topic: String
    private let consumerGroup: String
    private let instance: String

    /// Headers count towards the record's size, so texts in them are cut here.
    private static let longestText = 4096

    /// The first of the headers that are added; all others follow it.
    static let firstHeader = "x-relay-error-status"

    /// Whether headers of this name are among those that are added.
    static func isWritten(_ name: ArraySlice<UInt8>) -> Bool {
        ["x-relay-", "kafka_dlt-", "__connect.errors."].contains { name.starts(with: $0.utf8) }
    }

    public init(topic: String, consumerGroup: String, instance: String) {
        self.topic = topic
        self.consumerGroup = consumerGroup
        self.instance = instance
    }

    /// `partitionCount`: of the dead-letter topic; the source's partition is kept where it exists there.
    public func deadLetter(
        for record: ConsumerRecord, failure: RequestFailure, isInvalid: Bool, partitionCount: Int32?, now: Instant
    ) -> ProducerRecord {
        let partition = record.source.partition
        var headers = record.headers
        let message = Self.cut(failure.message)
        headers.append(Self.firstHeader, text: String(failure.status))
        headers.append("x-relay-error-type", text: failure.type.rawValue)
        headers.append("x-relay-error-message", text: message)
        headers.append("x-relay-source", text: ReplyWriter.source(of: record))
        headers.append("x-relay-failed-at", text: now.rfc3339)
        appendSpring(to: &headers, record, failure, message)
        appendConnect(to: &headers, record, failure, message, isInvalid)
        return ProducerRecord(
            topic: topic, partition: partition < partitionCount ?? 0 ? partition : nil, key: record.key,
            value: record.value, headers: headers)
    }

    /// Numbers are big-endian bytes; exception names stand for Java classes, so ours are dotted names.
    private func appendSpring(
        to headers: inout RecordHeaders, _ record: ConsumerRecord, _ failure: RequestFailure, _ message: String
    ) {
        headers.append("kafka_dlt-original-topic", text: record.source.topic)
        headers.append("kafka_dlt-original-partition", Self.bigEndian(record.source.partition))
        headers.append("kafka_dlt-original-offset", Self.bigEndian(record.offset.rawValue))
        headers.append("kafka_dlt-original-timestamp", Self.bigEndian(record.timestamp))
        headers.append("kafka_dlt-original-timestamp-type", text: record.timestampKind.javaName)
        headers.append("kafka_dlt-original-consumer-group", text: consumerGroup)
        headers.append("kafka_dlt-exception-fqcn", text: Self.exceptionName(failure))
        headers.append("kafka_dlt-exception-message", text: message)
        headers.append("kafka_dlt-exception-stacktrace", text: "\(Self.exceptionName(failure)): \(message)")
    }

    /// All values are text. A header that is there already stays as it is.
    private func appendConnect(
        to headers: inout RecordHeaders, _ record: ConsumerRecord, _ failure: RequestFailure, _ message: String,
        _ isInvalid: Bool
    ) {
        let values: [(String, String)] = [
            ("topic", record.source.topic), ("partition", String(record.source.partition)),
            ("offset", String(record.offset.rawValue)), ("connector.name", "bedrock-relay"), ("task.id", instance),
            ("stage", isInvalid ? "VALUE_CONVERTER" : "TASK_PUT"), ("class.name", "bedrock-relay"),
            ("exception.class.name", Self.exceptionName(failure)), ("exception.message", message),
            ("exception.stacktrace", "\(Self.exceptionName(failure)): \(message)"),
        ]
        for (name, value) in values where headers.lastIndex(of: "__connect.errors." + name) == nil {
            headers.append("__connect.errors." + name, text: value)
        }
    }

    private static func exceptionName(_ failure: RequestFailure) -> String { "bedrock.relay.\(failure.type.rawValue)" }

    private static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (value.bitWidth - 8 - 8 * $0)) }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        return String(decoding: text.utf8.prefix(longestText), as: UTF8.self)
    }
}

extension ConsumerRecord.TimestampKind {
    /// Java's `TimestampType` names.
    fileprivate var javaName: String {
        switch self {
        case .none: "NoTimestampType"
        case .createTime: "CreateTime"
        case .logAppendTime: "LogAppendTime"
        }
    }
}

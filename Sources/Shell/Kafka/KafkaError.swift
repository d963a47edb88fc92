import CRdKafka

/// A librdkafka error.
public struct KafkaError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// A property librdkafka does not know or refuses: a configuration error.
        case configuration
        /// The topic or partition does not exist.
        case unknownTopicOrPartition
        /// Key, value and headers together exceed `message.max.bytes` or the topic's limit.
        case messageTooLarge
        /// The broker takes no such record, however often it is sent: one without a key into a compacted topic, one that
        /// a policy forbids.
        case invalidRecord
        case notAuthorized
        /// The local queue is full.
        case queueFull
        case timedOut
        case allBrokersDown
        /// The client instance cannot go on.
        case fatal
        case other
    }

    public var kind: Kind
    /// librdkafka's name for it: `_ALL_BROKERS_DOWN`.
    public var name: String
    public var message: String

    public init(_ kind: Kind, name: String, message: String) {
        self.kind = kind
        self.name = name
        self.message = message
    }

    public var description: String { "\(message) (\(name))" }
}

extension KafkaError {
    /// `message` nil: librdkafka's own description of the code.
    init(_ code: rd_kafka_resp_err_t, message: String? = nil) {
        self.init(
            Kind(code), name: String(cString: rd_kafka_err2name(code)),
            message: message ?? String(cString: rd_kafka_err2str(code)))
    }

    /// Nil for no error.
    static func check(_ code: rd_kafka_resp_err_t) -> KafkaError? {
        code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(code)
    }

    /// Takes over an `rd_kafka_error_t`; nil for no error.
    static func check(taking error: OpaquePointer?) -> KafkaError? {
        guard let error else { return nil }
        defer { rd_kafka_error_destroy(error) }
        var failure = KafkaError(rd_kafka_error_code(error), message: String(cString: rd_kafka_error_string(error)))
        if rd_kafka_error_is_fatal(error) != 0 { failure.kind = .fatal }
        return failure
    }
}

extension KafkaError.Kind {
    fileprivate init(_ code: rd_kafka_resp_err_t) {
        switch code {
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
            RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            self = .unknownTopicOrPartition
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
            self = .messageTooLarge
        case RD_KAFKA_RESP_ERR_INVALID_RECORD, RD_KAFKA_RESP_ERR_POLICY_VIOLATION,
            RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
            self = .invalidRecord
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, RD_KAFKA_RESP_ERR__AUTHENTICATION:
            self = .notAuthorized
        case RD_KAFKA_RESP_ERR__QUEUE_FULL:
            self = .queueFull
        case RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
            RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
            self = .timedOut
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            self = .allBrokersDown
        case RD_KAFKA_RESP_ERR__FATAL, RD_KAFKA_RESP_ERR__FENCED, RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
            self = .fatal
        default:
            self = .other
        }
    }
}

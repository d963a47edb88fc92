import CRdKafka

/// librdkafka's mock brokers, in this process.
///
/// They listen on 127.0.0.1 at ports the system chose, so clients of other processes (kcat, Python) connect as well.
/// Topics that nobody created appear with four partitions on first use. No isolation, no fencing, no admin requests,
/// 5 MiB of log per partition; a consumer group's first join takes about three seconds.
///
/// Unchecked: the pointers never change, and librdkafka serialises every `rd_kafka_mock_*` call itself (its own lock,
/// or an operation sent to the cluster's thread), so any thread may call any function here.
public final class KafkaMockCluster: @unchecked Sendable {
    /// What `bootstrap.servers` is to be set to.
    public let bootstrapServers: String

    /// The broker ids, from 1 on.
    public let brokers: ClosedRange<Int>

    private let handle: OpaquePointer
    private let cluster: OpaquePointer

    /// Starts a cluster of `brokers` brokers.
    public init(brokers: Int = 1) throws(KafkaMockClusterError) {
        precondition(brokers >= 1, "a cluster has at least one broker")
        handle = try Self.makeHandle()
        guard let cluster = rd_kafka_mock_cluster_new(handle, Int32(brokers)) else {
            rd_kafka_destroy(handle)
            throw KafkaMockClusterError(message: "the mock brokers could not be started")
        }
        self.cluster = cluster
        self.brokers = 1...brokers
        bootstrapServers = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    }

    /// The cluster keeps its books in a client handle: it must go before the handle does.
    deinit {
        rd_kafka_mock_cluster_destroy(cluster)
        rd_kafka_destroy(handle)
    }

    /// A client handle that connects to nothing: the cluster only needs its threads and its log.
    private static func makeHandle() throws(KafkaMockClusterError) -> OpaquePointer {
        var message = [CChar](repeating: 0, count: 256)
        let configuration = rd_kafka_conf_new()
        // Emergencies only: a broker that is taken down on purpose is no news.
        rd_kafka_conf_set(configuration, "log_level", "0", &message, message.count)
        guard let handle = rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &message, message.count) else {
            rd_kafka_conf_destroy(configuration)  // a failed rd_kafka_new leaves it with the caller
            throw KafkaMockClusterError(
                message: String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        return handle
    }
}

extension KafkaMockCluster {
    /// Creates `topic`; the mock cluster knows no admin requests, so this is the only way to choose the partitions.
    public func createTopic(_ topic: String, partitions: Int, replicationFactor: Int = 1)
        throws(KafkaMockClusterError)
    {
        try check(rd_kafka_mock_topic_create(cluster, topic, Int32(partitions), Int32(replicationFactor)))
    }

    /// Answers the next requests of this kind with these errors, one each.
    public func pushRequestErrors(_ errors: [BrokerError], for request: RequestKind) {
        let codes = errors.map { rd_kafka_resp_err_t(rawValue: $0.rawValue) }
        rd_kafka_mock_push_request_errors_array(cluster, request.rawValue, codes.count, codes)
    }

    /// Takes back what is left of `pushRequestErrors` for this kind of request.
    public func clearRequestErrors(for request: RequestKind) {
        rd_kafka_mock_clear_request_errors(cluster, request.rawValue)
    }

    /// Closes a broker's connections and refuses new ones until `setBrokerUp`.
    public func setBrokerDown(_ broker: Int) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_broker_set_down(cluster, Int32(broker)))
    }

    public func setBrokerUp(_ broker: Int) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_broker_set_up(cluster, Int32(broker)))
    }

    /// Delays a broker's answers; whole milliseconds.
    public func setRoundTripTime(_ time: Duration, ofBroker broker: Int) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_broker_set_rtt(cluster, Int32(broker), Int32(time / .milliseconds(1))))
    }

    /// Moves a partition to another broker.
    public func setLeader(_ broker: Int, ofPartition partition: Int, of topic: String) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_partition_set_leader(cluster, topic, Int32(partition), Int32(broker)))
    }

    /// Moves a consumer group's coordinator to another broker.
    public func setCoordinator(_ broker: Int, ofGroup group: String) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_coordinator_set(cluster, "group", group, Int32(broker)))
    }

    /// Moves the coordinator of a transactional id to another broker.
    public func setCoordinator(_ broker: Int, ofTransactionalID id: String) throws(KafkaMockClusterError) {
        try check(rd_kafka_mock_coordinator_set(cluster, "transaction", id, Int32(broker)))
    }

    private func check(_ code: rd_kafka_resp_err_t) throws(KafkaMockClusterError) {
        guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
            throw KafkaMockClusterError(message: String(cString: rd_kafka_err2str(code)))
        }
    }
}

extension KafkaMockCluster {
    /// The Kafka protocol's request types, by api key.
    public enum RequestKind: Int16, Sendable {
        case produce = 0
        case fetch = 1
        case listOffsets = 2
        case metadata = 3
        case offsetCommit = 8
        case offsetFetch = 9
        case findCoordinator = 10
        case joinGroup = 11
        case heartbeat = 12
        case leaveGroup = 13
        case syncGroup = 14
        case initProducerID = 22
        case addPartitionsToTransaction = 24
        case addOffsetsToTransaction = 25
        case endTransaction = 26
        case transactionOffsetCommit = 28
    }

    /// An error code of the Kafka protocol; any other code by its number.
    public struct BrokerError: RawRepresentable, Hashable, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// No answer: the connection is closed (librdkafka's own code for it).
        public static let disconnect = BrokerError(rawValue: -195)
        public static let none = BrokerError(rawValue: 0)
        public static let unknownTopicOrPartition = BrokerError(rawValue: 3)
        public static let notLeaderForPartition = BrokerError(rawValue: 6)
        public static let requestTimedOut = BrokerError(rawValue: 7)
        public static let messageTooLarge = BrokerError(rawValue: 10)
        public static let coordinatorLoadInProgress = BrokerError(rawValue: 14)
        public static let coordinatorNotAvailable = BrokerError(rawValue: 15)
        public static let notCoordinator = BrokerError(rawValue: 16)
        public static let notEnoughReplicas = BrokerError(rawValue: 19)
        public static let illegalGeneration = BrokerError(rawValue: 22)
        public static let unknownMemberID = BrokerError(rawValue: 25)
        public static let rebalanceInProgress = BrokerError(rawValue: 27)
        public static let topicAuthorizationFailed = BrokerError(rawValue: 29)
        public static let outOfOrderSequenceNumber = BrokerError(rawValue: 45)
        public static let invalidRecord = BrokerError(rawValue: 87)
        public static let producerFenced = BrokerError(rawValue: 90)
    }
}

/// Why the mock cluster could not do as asked.
public struct KafkaMockClusterError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

/// What we set where the user did not: each with why librdkafka's own default does not do.
enum KafkaDefaults {
    /// Long enough to batch replies that finish together, short beside any model's latency.
    static let lingerMilliseconds = 0.2
    /// Prefetched records per partition. Below about 1.5 s worth of records, librdkafka before 2.2.0 stalls for a
    /// second each time the prefetch was full (kafka.md 2.9).
    static let queuedRecords = 10_000
    /// The bound of that prefetch in memory, per assigned partition: each has a queue of its own.
    static let queuedKilobytes = 16_384

    static func properties(for role: KafkaClientConfiguration.Role) -> [KafkaProperty] {
        switch role {
        case .consumer: shared + consumer
        case .producer: shared + producer
        }
    }

    private static let shared = [
        KafkaProperty("client.id", "bedrock-relay"),
        // On by default before 2.10.0: a reply would wait for the previous one's acknowledgement.
        KafkaProperty("socket.nagle.disable", "true"),
        // A topic that is not there is a mistake to report, not one to make permanent.
        KafkaProperty("allow.auto.create.topics", "false"),
    ]

    private static let consumer = [
        // Revokes only the partitions that move. Before 2.2.0 more of them move than must (#4252), which costs time and
        // nothing else. Before 2.6.1 the group's leader can compute for ever (#4783): the program's health tells, and
        // `range` does not.
        KafkaProperty("partition.assignment.strategy", "cooperative-sticky"),
        KafkaProperty("auto.offset.reset", "earliest"),
        // We commit, with metadata; storing offsets would discard it before 2.2.0.
        KafkaProperty("enable.auto.commit", "false"),
        KafkaProperty("enable.auto.offset.store", "false"),
        KafkaProperty("fetch.wait.max.ms", "100"),
        KafkaProperty("queued.min.messages", "\(queuedRecords)"),
        KafkaProperty("queued.max.messages.kbytes", "\(queuedKilobytes)"),
        // Lag comes from the statistics.
        KafkaProperty("statistics.interval.ms", "5000"),
    ]

    private static let producer = [
        KafkaProperty("enable.idempotence", "true"),
        KafkaProperty("acks", "all"),
        KafkaProperty("linger.ms", "\(lingerMilliseconds)"),
        KafkaProperty("compression.type", "lz4"),
        // The largest request with its headers, in a dead letter: the topic's limit decides, not librdkafka's megabyte.
        KafkaProperty("message.max.bytes", "33554432"),
        // What is in flight bounds the queue already; a bound of its own would let one topic that is away fill it, and
        // hold up all others.
        KafkaProperty("queue.buffering.max.messages", "0"),
        // Keys land where Java clients look for them.
        KafkaProperty("partitioner", "murmur2_random"),
    ]

    /// What a transactional producer is given beside the producer's own, unless `properties` bound transactions in time:
    /// a crash leaves a transaction that hides what follows it from readers until brokers abort it.
    static func transactions(unless properties: [KafkaProperty]) -> [KafkaProperty] {
        let bounds = ["transaction.timeout.ms", "message.timeout.ms", "delivery.timeout.ms", "socket.timeout.ms"]
        guard !properties.contains(where: { bounds.contains($0.name) }) else { return [] }
        return [KafkaProperty("transaction.timeout.ms", "15000")]
    }
}

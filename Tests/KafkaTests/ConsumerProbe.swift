import EventLoop
import Kafka
import Partitions
import Testing

/// A consumer that keeps what it was told. It takes over what it is assigned, gives nothing back by itself.
@RequestPath
final class ConsumerProbe {
    let changes: Changes
    private(set) var assigned: Set<TopicPartition> = []
    private(set) var revoked: [TopicPartition] = []
    private(set) var lost: [TopicPartition] = []
    private(set) var committed: [TopicPartition: KafkaError?] = [:]
    private(set) var commitCount = 0
    private(set) var errors: [KafkaError] = []
    private(set) var statistics = 0
    private(set) var records: [TopicPartition: [ConsumerRecord]] = [:]
    private(set) var ready: Set<TopicPartition> = []
    /// Partitions whose records are left where they are.
    var unpolled: Set<TopicPartition> = []
    private var started: KafkaConsumer?

    init(_ broker: TestBroker, group: String, topics: [String], changes: Changes, extra: [KafkaProperty] = []) throws {
        self.changes = changes
        started = try KafkaConsumer(
            properties: broker.consumerProperties(group: group) + extra, topics: topics, logger: quiet,
            onEvent: { [weak self] event in self?.note(event) },
            onReady: { [weak self] partition in self?.drain(partition) })
        try consumer.subscribe()
    }

    var consumer: KafkaConsumer {
        get throws { try #require(started) }
    }

    var recordCount: Int { records.values.reduce(0) { $0 + $1.count } }

    private func note(_ event: ConsumerEvent) {
        switch event {
        case .assigned(let partitions):
            assigned.formUnion(partitions)
            started?.assign(partitions)
            partitions.forEach(drain)
        case .revoked(let partitions): revoked += partitions
        case .lost(let partitions): lost += partitions
        case .committed(let results):
            committed.merge(results) { _, newer in newer }
            commitCount += 1
        case .statistics: statistics += 1
        case .error(let error), .fatal(let error): errors.append(error)
        }
        changes.note()
    }

    func drain(_ partition: TopicPartition) {
        ready.insert(partition)
        if unpolled.contains(partition) { return changes.note() }
        while let record = started?.poll(partition) { records[partition, default: []].append(record) }
        ready.remove(partition)
        changes.note()
    }

    /// Gives back what was revoked or lost.
    func giveBack() {
        let partitions = revoked + lost
        assigned.subtract(partitions)
        revoked = []
        lost = []
        started?.unassign(partitions)
    }
}

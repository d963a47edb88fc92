import EventLoop
import Partitions
import Simulator
import Testing
import Time

@testable import Kafka

@Suite(.serialized) struct KafkaConsumerTests {
    private func partitions(_ topic: String, _ count: Int32 = 4) -> [TopicPartition] {
        (0..<count).map { TopicPartition(topic: topic, partition: $0) }
    }

    @RequestPath @Test func `records arrive as they were produced, and a partition nobody polls holds up no other`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("round-trip", partitions: 2)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        let topic = partitions("round-trip", 2)
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "round-trip", topics: ["round-trip"], changes: changes)
        probe.unpolled = [topic[1]]

        var headers = RecordHeaders()
        headers.append("twice", text: "one")
        headers.append("twice", text: "two")
        headers.append("null", null: ())
        headers.append("empty", text: "")
        headers.append("bytes", [0, 255, 10])
        let values: [(key: [UInt8]?, value: [UInt8]?)] = [
            (Array("k".utf8), Array("v".utf8)), (nil, [1]), ([], []), (Array("tombstone".utf8), nil),
        ]
        for (key, value) in values {
            for partition in Int32(0)..<2 {
                let record = ProducerRecord(
                    topic: "round-trip", partition: partition, key: key, value: value, headers: headers)
                try await producer.publish(record)
            }
        }
        await changes.wait(for: "records") { probe.recordCount == 4 && probe.ready.contains(topic[1]) }

        let records = try #require(probe.records[topic[0]])
        #expect(probe.records[topic[1]] == nil)
        #expect(records.map(\.offset) == (0..<4).map { Offset($0) })
        for (record, sent) in zip(records, values) {
            #expect(record.key == sent.key && record.value == sent.value && record.source == topic[0])
            #expect(record.timestampKind == .createTime && record.timestamp > 1_600_000_000_000)
            #expect(record.headers.count == 5)
            #expect(record.headers.last("twice").map(Array.init) == Array("two".utf8))
            #expect(record.headers.lastIndex(of: "null") == 2 && record.headers.last("null") == nil)
            #expect(record.headers.last("empty")?.count == 0)
            #expect(record.headers.last("bytes").map(Array.init) == [0, 255, 10])
        }

        probe.unpolled = []
        probe.drain(topic[1])
        #expect(probe.records[topic[1]]?.count == 4)

        // Positions and their metadata come back as committed; nothing is known of what was not.
        let position = CommittedPosition(offset: Offset(2), metadata: "br1bB")
        try await probe.consumer.commitAndWait([topic[0]: position], deadline: .soon())
        let committed = try await probe.consumer.committed(topic, deadline: .soon())
        #expect(committed == [topic[0]: position, topic[1]: CommittedPosition(offset: nil)])
        try probe.consumer.commit([topic[1]: CommittedPosition(offset: Offset(1))])
        await changes.wait(for: "commit") { probe.committed[topic[1]] == .some(nil) }

        // One that librdkafka tries again does not overwrite a newer one.
        let before = probe.commitCount
        broker.cluster.pushRequestErrors([.notCoordinator], for: .offsetCommit)
        for offset in Int64(2)...5 { try probe.consumer.commit([topic[1]: CommittedPosition(offset: Offset(offset))]) }
        await changes.wait(for: "first and newest commit") { probe.commitCount == before + 2 }
        #expect(try await probe.consumer.committed(topic, deadline: .soon())[topic[1]]?.offset == Offset(5))

        try await probe.consumer.close(deadline: .soon())
        try #expect(probe.consumer.poll(topic[0]) == nil)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a revoked partition is drained, committed and gone on with by its next owner`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("moves", partitions: 4)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        let changes = Changes()
        for index in 0..<40 {
            let record = ProducerRecord(topic: "moves", partition: Int32(index % 4), value: [UInt8(index)])
            try await producer.publish(record)
        }
        let first = try ConsumerProbe(broker, group: "moves", topics: ["moves"], changes: changes)
        await changes.wait(for: "all records") { first.recordCount == 40 }
        let second = try ConsumerProbe(broker, group: "moves", topics: ["moves"], changes: changes)

        // A cooperative member joins again without a word. A commit made meanwhile waits for what comes of it.
        let joins = try first.consumer.client.joins
        #expect(!joins.isJoining)
        let looks = EventLoop.shared.repeating(every: .milliseconds(1)) { changes.note() }
        await changes.wait(for: "the first one to join again") { joins.isJoining }
        looks.cancel()
        let beforeJoin = first.commitCount
        try first.consumer.commit([partitions("moves")[0]: CommittedPosition(offset: Offset(3))])
        await changes.wait(for: "revocation") { !first.revoked.isEmpty }
        #expect(!joins.isJoining && first.commitCount == beforeJoin)
        let moving = first.revoked
        #expect(moving.count == 2 && second.assigned.isEmpty, "only what moves is revoked (cooperative)")

        // While partitions are being given back periodic commits rest; the drain's own goes out, with those.
        let staying = try #require(partitions("moves").first { !moving.contains($0) })
        let before = first.commitCount
        try first.consumer.commit([staying: CommittedPosition(offset: Offset(9))])
        var drained: [TopicPartition: CommittedPosition] = [:]
        for partition in moving { drained[partition] = CommittedPosition(offset: Offset(7), metadata: "br1bA") }
        // The mock coordinator refuses a follower's SyncGroup that comes after the leader's; the follower then joins
        // again, and all commits are refused until the drain is over. Then the next owner starts from the beginning.
        var start: Int64 = 7
        do {
            try await first.consumer.commitAndWait(drained, deadline: .soon())
            #expect(first.commitCount > before && first.committed[staying] == .some(nil))
            let stored = try await first.consumer.committed(moving + [staying], deadline: .soon())
            #expect(stored[staying]?.offset == Offset(9) && stored[moving[0]] == drained[moving[0]])
        } catch let error as KafkaError {
            #expect(error.name == "REBALANCE_IN_PROGRESS")
            start = 0
        }
        let afterDrain = first.commitCount
        first.giveBack()
        try first.consumer.commit([staying: CommittedPosition(offset: Offset(10))])
        await changes.wait(for: "the next owner") { second.recordCount == 2 * (10 - Int(start)) }
        #expect(second.assigned == Set(moving))
        #expect(second.records.values.allSatisfy { $0.map(\.offset) == (start..<10).map { Offset($0) } })
        if start > 0 {
            await changes.wait(for: "the held commit") { first.commitCount > afterDrain }
            // One that meets the group's next round is refused, and its owner commits again, as the pipeline does.
            for _ in 0..<10 where first.committed[staying] != .some(nil) {
                let count = first.commitCount
                try first.consumer.commit([staying: CommittedPosition(offset: Offset(10))])
                await changes.wait(for: "another commit") { first.commitCount > count }
            }
            #expect(first.committed[staying] == .some(nil))
        }

        // A member that leaves hands its partitions to the rest.
        try await second.consumer.close(deadline: .soon())
        await changes.wait(for: "the partitions back") { first.assigned.count == 4 }
        try await first.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a member the group has forgotten loses its partitions, and gets them again`() async throws
    {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("lost", partitions: 1)
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "lost", topics: ["lost"], changes: changes)
        await changes.wait(for: "assignment") { probe.assigned.count == 1 }
        broker.cluster.pushRequestErrors([.unknownMemberID], for: .heartbeat)
        await changes.wait(for: "loss") { !probe.lost.isEmpty }
        let partition = try #require(probe.lost.first)
        await #expect(throws: KafkaError.self, "nothing of a lost partition is committed") {
            try await probe.consumer.commitAndWait(
                [partition: CommittedPosition(offset: Offset(0))], deadline: .soon())
        }
        probe.giveBack()
        await changes.wait(for: "assignment") { probe.assigned.count == 1 }
        try await probe.consumer.close(deadline: .soon())
    }

    @RequestPath @Test func `brokers that go away are an error, and the consumer goes on when they are back`()
        async throws
    {
        let broker = try TestBroker()
        try broker.cluster.createTopic("outage", partitions: 1)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "outage", topics: ["outage"], changes: changes)
        await changes.wait(for: "assignment") { probe.assigned.count == 1 }
        try broker.cluster.setBrokerDown(1)
        await changes.wait(for: "all brokers down") { probe.errors.contains { $0.kind == .allBrokersDown } }
        producer.post(ProducerRecord(topic: "outage", value: [1]))
        try broker.cluster.setBrokerUp(1)
        await changes.wait(for: "a record after the outage") { probe.recordCount == 1 }
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a consumer that never reached its group closes at the deadline without crashing`()
        async throws
    {
        let changes = Changes()
        let consumer = try KafkaConsumer(
            properties: [KafkaProperty("bootstrap.servers", "127.0.0.1:1"), KafkaProperty("group.id", "nowhere")],
            topics: ["nowhere"], logger: quiet, onEvent: { _ in changes.note() }, onReady: { _ in })
        try consumer.subscribe()
        await #expect(throws: KafkaError.self) {
            try await consumer.committed(
                partitions("nowhere"), deadline: EventLoop.shared.now.advanced(by: .milliseconds(100)))
        }
        await consumer.close(deadline: EventLoop.shared.now.advanced(by: .milliseconds(300)))
        await consumer.close(deadline: .soon())
    }

    @RequestPath @Test func `ten thousand records go through and the statistics tell of them`() async throws {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("many", partitions: 4)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        let changes = Changes()
        let probe = try ConsumerProbe(
            broker, group: "many", topics: ["many"], changes: changes,
            extra: [KafkaProperty("statistics.interval.ms", "200")])
        for index in 0..<10_000 {
            producer.post(ProducerRecord(topic: "many", key: Array("\(index)".utf8), value: Array("\(index)".utf8)))
        }
        await changes.wait(for: "ten thousand records") { probe.recordCount == 10_000 }
        for (partition, records) in probe.records {
            #expect(records.map(\.offset) == (0..<Int64(records.count)).map { Offset($0) }, "\(partition)")
            let numbers = records.compactMap { Int(String(decoding: $0.value ?? [], as: UTF8.self)) }
            #expect(numbers == numbers.sorted(), "produced in order: \(partition)")
        }
        #expect(producer.failedPosts == 0)
        await changes.wait(for: "statistics") { probe.statistics > 0 }
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }
}

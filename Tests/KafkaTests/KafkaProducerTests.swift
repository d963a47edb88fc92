import CRdKafka
import EventLoop
import Partitions
import Simulator
import Testing
import Time

@testable import Kafka

@Suite(.serialized) struct KafkaProducerTests {
    @RequestPath private func producer(_ broker: TestBroker, _ extra: [KafkaProperty] = []) throws -> KafkaProducer {
        try KafkaProducer(properties: broker.properties + extra, logger: quiet, onFatal: { _ in })
    }

    @RequestPath @Test func `publish returns the offset that the record got`() async throws {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("offsets", partitions: 2)
        let producer = try producer(broker)
        for expected in Int64(0)..<3 {
            let offset = try await producer.publish(ProducerRecord(topic: "offsets", partition: 1, value: [1]))
            #expect(offset == Offset(expected))
        }
        await producer.close(deadline: .soon())
        await #expect(throws: KafkaError.self) {
            try await producer.publish(ProducerRecord(topic: "offsets", value: nil))
        }
    }

    /// With headers, on purpose: `rd_kafka_produceva` crashed on exactly this (kafka.md 7.2).
    @RequestPath @Test(arguments: [2, 7, Int32.max, -1, Int32.min])
    func `a partition out of range is refused`(partition: Int32) async throws {
        let broker = try TestBroker.shared.get()
        try? broker.cluster.createTopic("two-partitions", partitions: 2)
        let producer = try producer(broker)
        var record = ProducerRecord(topic: "two-partitions", partition: partition, value: [1])
        record.headers.append("a", text: "b")
        let error = await #expect(throws: KafkaError.self) { try await producer.publish(record) }
        #expect(error?.kind == .unknownTopicOrPartition)
        record.partition = nil
        try await producer.publish(record)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `librdkafka itself refuses an unknown partition without crashing on its headers`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        let producer = try producer(broker)
        #expect(await producer.partitionCount(of: "offsets", deadline: .soon()) != nil)
        var record = ProducerRecord(topic: "offsets", partition: 99, value: [1])
        for index in 0..<5 { record.headers.append("name-\(index)", text: "value") }
        let client = try #require(producer.client)
        let error = client.handle.produce(record, slot: 0)
        #expect(error?.kind == .unknownTopicOrPartition)
        await producer.close(deadline: .soon())
    }

    @RequestPath
    @Test(arguments: ["", ".", "..", "a b", "a/b", "nul\u{0}", "über", String(repeating: "x", count: 250)])
    func `a name that no topic can have is refused at once`(name: String) async throws {
        let producer = try producer(try TestBroker.shared.get())
        let error = await #expect(throws: KafkaError.self) {
            try await producer.publish(ProducerRecord(topic: name, value: [1]))
        }
        #expect(error?.kind == .unknownTopicOrPartition)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a topic the brokers do not know is refused, and found once it is there`() async throws {
        let broker = try TestBroker()
        try broker.cluster.createTopic("known", partitions: 3)
        let producer = try producer(broker)
        broker.cluster.pushRequestErrors([.none], for: .metadata)
        #expect(await producer.partitionCount(of: "known", deadline: .soon()) == 3)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a record larger than the bound is refused by name`() async throws {
        let producer = try producer(try TestBroker.shared.get(), [KafkaProperty("message.max.bytes", "2000")])
        let record = ProducerRecord(topic: "offsets", value: [UInt8](repeating: 65, count: 3000))
        let error = await #expect(throws: KafkaError.self) { try await producer.publish(record) }
        #expect(error?.kind == .messageTooLarge)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a record that the broker never takes is refused, and the next one is written`()
        async throws
    {
        let broker = try TestBroker()
        try broker.cluster.createTopic("compacted", partitions: 1)
        let producer = try producer(broker)
        broker.cluster.pushRequestErrors([.invalidRecord], for: .produce)
        let error = await #expect(throws: KafkaError.self) {
            try await producer.publish(ProducerRecord(topic: "compacted", value: [1]))
        }
        #expect(error?.kind == .invalidRecord)
        #expect(try await producer.publish(ProducerRecord(topic: "compacted", key: [1], value: [2])) == Offset(0))
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a full local queue makes records wait and keeps their order`() async throws {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic("narrow", partitions: 1)
        let producer = try producer(broker, [KafkaProperty("queue.buffering.max.messages", "5")])
        let tasks = (0..<200).map { index in
            Task { @RequestPath in try await producer.publish(ProducerRecord(topic: "narrow", value: [UInt8(index)])) }
        }
        for (index, task) in tasks.enumerated() { #expect(try await task.value == Offset(Int64(index))) }
        #expect(producer.outstandingCount == 0)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a topic that is away holds up no other, and what is posted to it is bounded`() async throws
    {
        let broker = try TestBroker(brokers: 2)
        for (topic, leader) in [("away", 2), ("here", 1)] {
            try broker.cluster.createTopic(topic, partitions: 1)
            try broker.cluster.setLeader(leader, ofPartition: 0, of: topic)
        }
        let producer = try producer(broker)
        #expect(await producer.partitionCount(of: "away", deadline: .soon()) == 1)
        try broker.cluster.setBrokerDown(2)

        let waiting = Task { @RequestPath in
            _ = try await producer.publish(ProducerRecord(topic: "away", value: [1]))
        }
        let post = ProducerRecord(topic: "away", value: [UInt8](repeating: 1, count: 1000))
        for _ in 0..<20_000 { producer.post(post) }
        #expect(producer.failedPosts > 0 && producer.outstandingCount < 20_000)
        try await producer.publish(ProducerRecord(topic: "here", value: [1]))

        try broker.cluster.setBrokerUp(2)
        try await waiting.value
        await producer.flush(deadline: .soon())
        #expect(producer.outstandingCount == 0)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `errors that pass are retried without the caller noticing`() async throws {
        let broker = try TestBroker.shared.get()
        let producer = try producer(broker, [KafkaProperty("retry.backoff.ms", "10")])
        broker.cluster.pushRequestErrors([.notLeaderForPartition, .notEnoughReplicas, .requestTimedOut], for: .produce)
        try await producer.publish(ProducerRecord(topic: "offsets", value: [1]))
        broker.cluster.clearRequestErrors(for: .produce)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `an error that stays is the caller's, and counted where nobody waits`() async throws {
        let broker = try TestBroker()
        let producer = try producer(broker)
        try broker.cluster.createTopic("refused", partitions: 1)
        broker.cluster.pushRequestErrors([.topicAuthorizationFailed, .topicAuthorizationFailed], for: .produce)
        let error = await #expect(throws: KafkaError.self) {
            try await producer.publish(ProducerRecord(topic: "refused", value: [1]))
        }
        #expect(error?.kind == .notAuthorized)
        producer.post(ProducerRecord(topic: "refused", value: [1]))
        await producer.flush(deadline: .soon())
        #expect(producer.failedPosts == 1)
        await producer.close(deadline: .soon())
    }

    /// kafka.md 3.4, first row: before 2.3.0 an idempotent producer's instance can fail for good after a disconnect.
    @RequestPath @Test func `after a fatal error a new instance delivers what the old one had not, in order`()
        async throws
    {
        let broker = try TestBroker()
        try broker.cluster.createTopic("rebuilt", partitions: 1)
        var fatal: [KafkaError] = []
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { fatal.append($0) })
        try await producer.publish(ProducerRecord(topic: "rebuilt", value: [255]))
        try broker.cluster.setBrokerDown(1)
        let tasks = (0..<50).map { index in
            Task { @RequestPath in try await producer.publish(ProducerRecord(topic: "rebuilt", value: [UInt8(index)])) }
        }
        await Task.yield()
        let client = try #require(producer.client)
        rd_kafka_test_fatal_error(client.handle.raw, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test")
        try broker.cluster.setBrokerUp(1)
        var offsets: [Offset] = []
        for task in tasks { offsets.append(try await task.value) }
        #expect(offsets == (1...50).map { Offset($0) })
        #expect(producer.restarts == 1 && fatal.count == 1 && fatal.first?.kind == .fatal)
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `records wait while the brokers are away and close gives them up at its deadline`()
        async throws
    {
        let broker = try TestBroker()
        try broker.cluster.createTopic("away", partitions: 1)
        let producer = try producer(broker)
        #expect(await producer.partitionCount(of: "away", deadline: .soon()) == 1)
        try broker.cluster.setBrokerDown(1)
        let waiting = Task { @RequestPath in try await producer.publish(ProducerRecord(topic: "away", value: [1])) }
        await Task.yield()
        try broker.cluster.setBrokerUp(1)
        #expect(try await waiting.value == Offset(0))

        try broker.cluster.setBrokerDown(1)
        let lost = Task { @RequestPath in try await producer.publish(ProducerRecord(topic: "away", value: [1])) }
        await Task.yield()
        await producer.close(deadline: EventLoop.shared.now.advanced(by: .milliseconds(50)))
        await #expect(throws: KafkaError.self) { try await lost.value }
    }
}

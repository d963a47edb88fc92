import CRdKafka
import EventLoop
import Logging
import Partitions
import Simulator
import Testing
import Time

@testable import Kafka

/// On mock brokers, which know the calls but neither isolation nor fencing: those are tested end to end.
@Suite(.serialized) struct TransactionalProducerTests {
    @RequestPath
    private func producer(_ broker: TestBroker, id: String, _ extra: [KafkaProperty] = []) throws
        -> TransactionalProducer
    {
        try TransactionalProducer(
            properties: broker.properties + extra, transactionalID: id, logger: quiet, onFatal: { _ in })
    }

    @RequestPath @Test func `a member writes records and positions in one transaction after the other`() async throws {
        let broker = try TestBroker()
        try broker.cluster.createTopic("requests", partitions: 1)
        try broker.cluster.createTopic("replies", partitions: 2)
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "transactions", topics: ["requests"], changes: changes)
        #expect(try await probe.consumer.groupMetadata(deadline: .soon()) == nil, "not a member yet")
        await changes.wait(for: "assignment") { !probe.assigned.isEmpty }
        let group = try #require(try await probe.consumer.groupMetadata(deadline: .soon()))
        #expect((group.generation ?? -1) >= 0)

        let producer = try producer(broker, id: "transactions-1")
        #expect(await producer.partitionCount(of: "replies", deadline: .soon()) == 2)
        let partition = TopicPartition(topic: "requests", partition: 0)
        for round in Int64(1)...3 {
            let records = (0..<10).map { ProducerRecord(topic: "replies", value: [UInt8($0)]) }
            let positions = [partition: CommittedPosition(offset: Offset(round), metadata: "br1bB")]
            guard case .committed = await producer.commit(records, positions, of: group) else {
                Issue.record("not committed in round \(round)")
                return
            }
        }
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a record that is refused aborts, says which it was, and the next transaction works`()
        async throws
    {
        let broker = try TestBroker()
        try broker.cluster.createTopic("requests", partitions: 1)
        try broker.cluster.createTopic("replies", partitions: 1)
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "refused", topics: ["requests"], changes: changes)
        await changes.wait(for: "assignment") { !probe.assigned.isEmpty }
        try broker.cluster.createTopic("others", partitions: 1)
        let group = try #require(try await probe.consumer.groupMetadata(deadline: .soon()))
        let producer = try producer(broker, id: "refused-1", [KafkaProperty("message.max.bytes", "2000")])
        let small = ProducerRecord(topic: "replies", value: [1])
        let large = ProducerRecord(topic: "replies", value: [UInt8](repeating: 65, count: 3000))

        guard case .aborted(_, let failures) = await producer.commit([small, large, small], [:], of: group) else {
            Issue.record("not aborted")
            return
        }
        #expect(failures.mapValues(\.kind) == [1: .messageTooLarge])

        broker.cluster.pushRequestErrors([.topicAuthorizationFailed], for: .produce)
        guard case .aborted(_, let refused) = await producer.commit([small], [:], of: group) else {
            Issue.record("not aborted")
            return
        }
        #expect(refused.mapValues(\.kind) == [0: .notAuthorized])

        // librdkafka remembers the refusal with the topic for a while.
        let end = await producer.commit([ProducerRecord(topic: "others", value: [1])], [:], of: group)
        guard case .committed = end else {
            Issue.record("not committed: \(end)")
            return
        }
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `after a fatal error a new instance goes on`() async throws {
        let broker = try TestBroker()
        try broker.cluster.createTopic("requests", partitions: 1)
        try broker.cluster.createTopic("replies", partitions: 1)
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "rebuilt", topics: ["requests"], changes: changes)
        await changes.wait(for: "assignment") { !probe.assigned.isEmpty }
        let group = try #require(try await probe.consumer.groupMetadata(deadline: .soon()))
        let producer = try producer(broker, id: "rebuilt-1")
        let record = ProducerRecord(topic: "replies", value: [1])
        guard case .committed = await producer.commit([record], [:], of: group) else {
            Issue.record("not committed")
            return
        }
        let client = try #require(producer.client)
        rd_kafka_test_fatal_error(client.handle.raw, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "test")
        for _ in 0..<5 {
            if case .committed = await producer.commit([record], [:], of: group) { break }
        }
        #expect(producer.restarts == 1)
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `a topic that took nothing is left alone, so that it holds up the others once`()
        async throws
    {
        let broker = try TestBroker(brokers: 2)
        for (topic, leader) in [("away", 2), ("here", 1), ("requests", 1)] {
            try broker.cluster.createTopic(topic, partitions: 1)
            try broker.cluster.setLeader(leader, ofPartition: 0, of: topic)
        }
        try broker.cluster.setCoordinator(1, ofGroup: "stalled")
        try broker.cluster.setCoordinator(1, ofTransactionalID: "stalled-1")
        let changes = Changes()
        let probe = try ConsumerProbe(broker, group: "stalled", topics: ["requests"], changes: changes)
        await changes.wait(for: "assignment") { !probe.assigned.isEmpty }
        let group = try #require(try await probe.consumer.groupMetadata(deadline: .soon()))
        let producer = try producer(broker, id: "stalled-1", [KafkaProperty("transaction.timeout.ms", "2000")])
        let (away, here) = (ProducerRecord(topic: "away", value: [1]), ProducerRecord(topic: "here", value: [1]))
        #expect(await producer.partitionCount(of: "away", deadline: .soon()) == 1)
        try broker.cluster.setBrokerDown(2)

        guard case .aborted(_, let failures) = await producer.commit([away, here], [:], of: group) else {
            Issue.record("not aborted")
            return
        }
        #expect(failures.mapValues(\.kind) == [0: .timedOut])
        #expect(await producer.partitionCount(of: "away", deadline: .soon()) == nil)
        #expect(await producer.partitionCount(of: "here", deadline: .soon()) == 1)
        guard case .committed = await producer.commit([here], [:], of: group) else {
            Issue.record("not committed")
            return
        }
        try await probe.consumer.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }

    @RequestPath @Test func `brokers that are away hold up nothing but transactions`() async throws {
        let broker = try TestBroker()
        try broker.cluster.setBrokerDown(1)
        let producer = try producer(broker, id: "away-1")
        #expect(await !producer.untilStarted(deadline: EventLoop.shared.now))
        try broker.cluster.setBrokerUp(1)
        #expect(await producer.untilStarted(deadline: .soon(60)))
        await producer.close(deadline: .soon())
    }
}

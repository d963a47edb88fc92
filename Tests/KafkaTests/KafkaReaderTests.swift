import EventLoop
import Partitions
import Testing
import Time

@testable import Kafka

@Suite(.serialized) struct KafkaReaderTests {
    /// A topic with one record in each of its two partitions.
    @RequestPath private func makeTopic(_ name: String, _ broker: TestBroker) async throws -> KafkaProducer {
        try broker.cluster.createTopic(name, partitions: 2)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        for partition in Int32(0)..<2 {
            try await producer.publish(ProducerRecord(topic: name, partition: partition, value: [UInt8(partition)]))
        }
        return producer
    }

    @RequestPath private func values(
        of topic: String, since start: Instant?, count: Int, _ broker: TestBroker
    ) async throws -> [UInt8] {
        let producer = try await makeTopic(topic, broker)
        let changes = Changes()
        let reader = try KafkaReader(
            properties: broker.properties + [KafkaProperty("fetch.wait.max.ms", "10")], logger: quiet)
        var values: [UInt8] = []
        reader.onRecord = { record in
            values += record.value ?? []
            changes.note()
        }
        try await reader.follow(topic, since: start, deadline: .soon())
        for partition in Int32(0)..<2 {
            try await producer.publish(
                ProducerRecord(topic: topic, partition: partition, value: [10 + UInt8(partition)]))
        }
        await changes.wait(for: "\(count) records") { values.count >= count }
        await reader.close(deadline: .soon())
        await producer.close(deadline: .soon())
        return values.sorted()
    }

    @RequestPath @Test func `it reads every partition from where it ended`() async throws {
        let broker = try TestBroker.shared.get()
        #expect(try await values(of: "followed", since: nil, count: 2, broker) == [10, 11])
    }

    @RequestPath @Test func `it reads what was appended since a moment ago`() async throws {
        let broker = try TestBroker.shared.get()
        let start = EventLoop.shared.now.advanced(by: .seconds(-60))
        #expect(try await values(of: "looked-back", since: start, count: 4, broker) == [0, 1, 10, 11])
    }
}

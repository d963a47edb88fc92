import EventLoop
import Partitions
import Testing
import Time

@testable import Kafka

@Suite(.serialized) struct KafkaMoverTests {
    private let partition = TopicPartition(topic: "letters", partition: 0)

    /// The offsets that come until the end is met.
    @RequestPath private func read(_ mover: KafkaMover, to end: Offset) async -> [Int64] {
        var offsets: [Int64] = []
        while true {
            while let record = mover.poll(partition) { offsets.append(record.offset.rawValue) }
            if mover.hasReached(end, in: partition) { return offsets }
            guard await mover.untilReady(deadline: .soon()) else {
                Issue.record("never came to the end: \(offsets)")
                return offsets
            }
        }
    }

    @RequestPath @Test func `what comes after an end that was told is read as well`() async throws {
        let broker = try TestBroker.shared.get()
        try broker.cluster.createTopic(partition.topic, partitions: 1)
        let producer = try KafkaProducer(properties: broker.properties, logger: quiet, onFatal: { _ in })
        for _ in 0..<2 { try await producer.publish(ProducerRecord(topic: partition.topic, partition: 0, value: [1])) }
        let mover = try KafkaMover(
            properties: broker.properties + [KafkaProperty("fetch.wait.max.ms", "10")], topic: partition.topic,
            group: "letters.redrive", logger: quiet, onError: { _ in })
        let sources = try await mover.sources(deadline: .soon())
        #expect(sources[partition]?.offsets == Offset(0)..<Offset(2))

        try mover.read(from: [partition: Offset(0)])
        #expect(!mover.hasReached(Offset(0), in: partition), "no broker has said so")
        #expect(await read(mover, to: Offset(2)) == [0, 1])
        // A leader that knows less than the one who was asked at the start says the same at a lower offset.
        #expect(!mover.hasReached(Offset(3), in: partition))
        try await producer.publish(ProducerRecord(topic: partition.topic, partition: 0, value: [1]))
        #expect(await read(mover, to: Offset(3)) == [2])

        await mover.close(deadline: .soon())
        await producer.close(deadline: .soon())
    }
}

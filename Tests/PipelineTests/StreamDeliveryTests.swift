import EventLoop
import Partitions
import Testing
import Time

@testable import Pipeline

@RequestPath
@Suite struct StreamDeliveryTests {
    /// Acknowledges when the test says so, record by record.
    @RequestPath
    final class ManualPublisher: RecordPublisher {
        private(set) var arrived: [String] = []
        private var waiting: [(name: String, continuation: CheckedContinuation<DeliveryError?, Never>)] = []
        private let changes = Watch()

        nonisolated init() {}

        func publish(_ record: ProducerRecord) async throws(DeliveryError) {
            arrived.append(String(decoding: record.key ?? [], as: UTF8.self))
            changes.note()
            let name = arrived[arrived.count - 1]
            if let error = await withCheckedContinuation({ waiting.append((name, $0)) }) { throw error }
        }

        func post(_ record: ProducerRecord) {}
        func partitionCount(of topic: String) async -> Int32? { 1 }

        func untilArrived(_ count: Int) async { await changes.until { self.arrived.count >= count } }

        func answer(_ name: String, _ error: DeliveryError? = nil) {
            guard let index = waiting.firstIndex(where: { $0.name == name }) else { return }
            waiting.remove(at: index).continuation.resume(returning: error)
        }
    }

    private let publisher = ManualPublisher()
    private static let lost = DeliveryError(.unavailable, message: "no broker")

    private func record(_ name: String, bytes: Int = 10) -> ProducerRecord {
        ProducerRecord(topic: "t", key: Array(name.utf8), value: [UInt8](repeating: 0, count: bytes))
    }

    @Test func `records leave at once, in order, without waiting for each other`() async throws {
        let delivery = StreamDelivery(publisher)
        for name in ["0", "1", "2"] { delivery.send(record(name)) }
        await publisher.untilArrived(3)
        #expect(publisher.arrived == ["0", "1", "2"])
        #expect(!delivery.isSettled)
        for name in ["2", "0", "1"] { publisher.answer(name) }
        try await delivery.untilSettled()
        #expect(delivery.isSettled)
        #expect(delivery.end == 3)
    }

    @Test func `what was lost is sent again with all that follows, once nothing is under way`() async throws {
        let delivery = StreamDelivery(publisher)
        for name in ["0", "1", "2"] { delivery.send(record(name)) }
        await publisher.untilArrived(3)
        publisher.answer("0")
        publisher.answer("1", Self.lost)
        publisher.answer("2", Self.lost)
        while !delivery.isRepairing { await Task.yield() }
        delivery.send(record("3"))
        await publisher.untilArrived(6)
        #expect(publisher.arrived == ["0", "1", "2", "1", "2", "3"])
        for name in ["1", "2", "3"] { publisher.answer(name) }
        try await delivery.untilSettled()
        #expect(delivery.broken == nil)
    }

    @Test func `a lost record behind which others got through breaks the stream`() async throws {
        let delivery = StreamDelivery(publisher)
        for name in ["0", "1"] { delivery.send(record(name)) }
        await publisher.untilArrived(2)
        publisher.answer("0", Self.lost)
        publisher.answer("1")
        try await delivery.untilSettled()
        #expect(delivery.broken != nil)
        #expect(delivery.end == 2)
        delivery.send(record("2"))
        #expect(publisher.arrived == ["0", "1"])
    }

    @Test func `a refused record breaks the stream`() async throws {
        let delivery = StreamDelivery(publisher)
        delivery.send(record("0"))
        await publisher.untilArrived(1)
        publisher.answer("0", DeliveryError(.tooLarge, message: "too large"))
        try await delivery.untilSettled()
        #expect(delivery.broken?.reason.kind == .tooLarge)
        await #expect(throws: StreamDelivery.Break.self) { try await delivery.untilRoom(deadline: .distantFuture) }
    }

    @Test func `too much under way holds its source up, until it is acknowledged`() async throws {
        let delivery = StreamDelivery(publisher)
        delivery.send(record("0", bytes: 100_000))
        await publisher.untilArrived(1)
        var hasRoom = false
        let waiter = RequestPath.task {
            try await delivery.untilRoom(deadline: .distantFuture)
            hasRoom = true
        }
        await RequestPath.task {}.value
        #expect(!hasRoom)
        publisher.answer("0")
        try await waiter.value
        #expect(hasRoom)
    }

    @Test func `nobody waits for room beyond the deadline or a cancellation`() async throws {
        let delivery = StreamDelivery(publisher)
        delivery.send(record("0", bytes: 100_000))
        try await delivery.untilRoom(deadline: EventLoop.shared.now.advanced(by: .milliseconds(5)))
        let waiter = RequestPath.task { try await delivery.untilRoom(deadline: .distantFuture) }
        waiter.cancel()
        try await waiter.value
        let settling = RequestPath.task { () async throws in try await delivery.untilSettled() }
        settling.cancel()
        await #expect(throws: CancellationError.self) { try await settling.value }
        publisher.answer("0")
        try await delivery.untilSettled()
    }
}

import Testing

@testable import Partitions

@Suite struct TransactionQueueTests {
    static let left = TopicPartition(topic: "requests", partition: 0)
    static let right = TopicPartition(topic: "requests", partition: 1)

    func record(_ offset: Int64, epoch: UInt32 = 1) -> RecordID {
        RecordID(offset: Offset(offset), epoch: epoch, slot: 0, key: nil, bytes: 1)
    }

    func outcome(_ offset: Int64, _ partition: TopicPartition = left, bytes: Int = 10) -> TransactionQueue.Outcome {
        TransactionQueue.Outcome(record: record(offset), partition: partition, bytes: bytes)
    }

    func queue(_ offsets: ClosedRange<Int64>) -> TransactionQueue {
        var queue = TransactionQueue()
        for offset in offsets { queue.add(outcome(offset)) }
        return queue
    }

    @Test func `what comes while a transaction is under way goes into the next`() {
        var queue = queue(1...2)
        #expect(queue.begin().map(\.record) == [record(1), record(2)])
        queue.add(outcome(3))
        #expect(queue.isUnderWay && !queue.isEmpty)

        #expect(queue.end(.committed).committed == [record(1), record(2)])
        #expect(queue.begin().map(\.record) == [record(3)])
        #expect(queue.end(.committed).committed == [record(3)] && queue.isEmpty)
    }

    @Test func `outcomes of an aborted transaction come first in the next, in order`() {
        var queue = queue(1...3)
        _ = queue.begin()
        queue.add(outcome(4))
        #expect(queue.end(.aborted()) == TransactionQueue.Settlement())
        #expect(queue.begin().map(\.record) == (1...4).map { record($0) })
    }

    @Test func `an outcome whose record failed is handed back and the others go on`() {
        var queue = queue(1...3)
        _ = queue.begin()
        #expect(queue.end(.aborted(failed: [record(2)])).handedBack == [record(2)])
        #expect(queue.begin().map(\.record) == [record(1), record(3)])
    }

    @Test func `a suspect has a transaction to itself and is handed back only when it fails there`() {
        var queue = queue(1...3)
        _ = queue.begin()
        let suspects: Set = [record(1), record(2)]
        #expect(queue.end(.aborted(suspected: suspects)) == TransactionQueue.Settlement())

        #expect(queue.begin().map(\.record) == [record(1)])
        #expect(queue.end(.committed).committed == [record(1)])
        #expect(queue.begin().map(\.record) == [record(2)])
        #expect(queue.end(.aborted(suspected: suspects)).handedBack == [record(2)])
        #expect(queue.begin().map(\.record) == [record(3)])
    }

    @Test func `what was given up is dropped, unless its transaction is committed`() {
        var queue = TransactionQueue()
        queue.add(outcome(1, Self.left))
        queue.add(outcome(2, Self.right))
        _ = queue.begin()
        queue.add(outcome(3, Self.left))
        #expect(queue.giveUp([Self.left]) == [record(3)])
        #expect(queue.end(.aborted(failed: [record(1)])).dropped == [record(1)])

        #expect(queue.begin().map(\.record) == [record(2)])
        #expect(queue.giveUp([Self.right]).isEmpty)
        #expect(queue.end(.committed).committed == [record(2)])
    }

    @Test func `a transaction is bounded, and takes at least one outcome`() {
        var queue = TransactionQueue()
        for (offset, bytes) in [(1, 50), (2, 4), (3, 4), (4, 4)] { queue.add(outcome(Int64(offset), bytes: bytes)) }
        #expect(queue.begin(bytes: 10).map(\.record) == [record(1)])
        _ = queue.end(.committed)
        #expect(queue.begin(bytes: 10).map(\.record) == [record(2), record(3)])
    }
}

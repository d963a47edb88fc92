import Partitions

/// Records given to the producer whose fate is not known yet, each in a numbered slot.
///
/// The number travels through librdkafka as the message's opaque and comes back with its delivery report, so a
/// message needs no allocation of its own. The record is kept until then: a producer that fails fatally is replaced,
/// and the new one gets what the old one had not delivered.
struct OutstandingRecords {
    typealias Continuation = UnsafeContinuation<Result<Offset, KafkaError>, Never>

    /// A class, because it is looked at several times: one reference to count instead of a record's.
    final class Entry {
        let record: ProducerRecord
        /// Nil: nobody waits.
        let continuation: Continuation?
        /// The order in which records were given.
        let sequence: UInt64
        /// Whether librdkafka has it.
        var isProduced = false

        init(record: ProducerRecord, continuation: Continuation?, sequence: UInt64) {
            self.record = record
            self.continuation = continuation
            self.sequence = sequence
        }
    }

    private var entries: [Entry?] = []
    private var freeSlots: [Int] = []
    private var lastSequence: UInt64 = 0

    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func add(_ record: ProducerRecord, _ continuation: Continuation?) -> Int {
        lastSequence += 1
        count += 1
        let entry = Entry(record: record, continuation: continuation, sequence: lastSequence)
        guard let slot = freeSlots.popLast() else {
            entries.append(entry)
            return entries.count - 1
        }
        entries[slot] = entry
        return slot
    }

    subscript(slot: Int) -> Entry? { entries[slot] }

    /// Frees the slot; nil when it is free already.
    mutating func remove(_ slot: Int) -> Entry? {
        guard entries.indices.contains(slot), let entry = entries[slot].take() else { return nil }
        freeSlots.append(slot)
        count -= 1
        return entry
    }

    /// What librdkafka has, oldest first.
    var produced: [Int] { sorted { $0.isProduced } }
    var all: [Int] { sorted { _ in true } }

    private func sorted(where isWanted: (Entry) -> Bool) -> [Int] {
        entries.indices
            .compactMap { slot in entries[slot].flatMap { isWanted($0) ? (slot: slot, sequence: $0.sequence) : nil } }
            .sorted { $0.sequence < $1.sequence }.map(\.slot)
    }
}

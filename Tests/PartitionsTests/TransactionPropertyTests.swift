import TestSupport
import Testing

@testable import Partitions

/// Random schedules of outcomes, transactions, rebalances and crashes, against brokers that are a plain model.
@Suite struct TransactionPropertyTests {
    @Test(arguments: 1...24) func `whatever happens, each outcome becomes visible exactly once`(seed: UInt64) throws {
        var world = TransactionWorld(seed: seed)
        for _ in 0..<5000 { try world.step() }
        try world.finishEverything()
    }
}

/// One group of one member, which now and then loses partitions to somebody who does nothing with them, or crashes.
private struct TransactionWorld {
    static let names = (0..<3).map { TopicPartition(topic: "requests", partition: $0) }

    var random: SeededGenerator
    let settings: SchedulerSettings

    // The brokers.
    var logs: [TopicPartition: [Offset]] = [:]
    var visible: [TopicPartition: Set<Offset>] = [:]
    var committed: [TopicPartition: CommittedPosition] = [:]

    // The member.
    var scheduler: PartitionScheduler
    var queue = TransactionQueue()
    var assigned: [TopicPartition: Int] = [:]  // to the index of the next record
    var waiting: [RecordID: TopicPartition] = [:]
    var running: [(id: RecordID, partition: TopicPartition)] = []
    var written: [RecordID: TopicPartition] = [:]
    var underWay: (batch: [TransactionQueue.Outcome], positions: [TopicPartition: CommittedPosition])?
    /// A partition was lost since the transaction began: brokers may have refused its positions.
    var mayBeRefused = false

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        settings = SchedulerSettings(
            partitionConcurrency: 8, maxInFlight: 20, ordering: seed % 3 == 0 ? .key : .unordered,
            metadataBudget: seed % 2 == 0 ? 24 : 4000)
        scheduler = PartitionScheduler(settings: settings)
        for name in Self.names {
            logs[name] = (0..<500).filter { _ in random.chance(85) }.map { Offset($0) }
        }
    }

    mutating func step() throws {
        switch Int.random(in: 0..<1000, using: &random) {
        case 0..<500: try advance()
        case 500..<750: answerOne()
        case 750..<850: begin()
        case 850..<960: try end()
        case 960..<985: Self.names.randomElement(using: &random).map { assign($0) }
        case 985..<995: lose()
        default: try crash()
        }
        for name in Self.names { scheduler.ready(name) }
    }

    /// As a group does: a new owner learns the position when no transaction over it is open.
    mutating func assign(_ name: TopicPartition) {
        guard assigned[name] == nil, underWay?.positions[name] == nil else { return }
        let position = committed[name] ?? CommittedPosition(offset: nil)
        assigned[name] = logs[name]?.firstIndex { $0 >= position.offset ?? Offset(0) } ?? logs[name]?.count
        scheduler.assigned(name, from: position)
    }

    mutating func lose() {
        guard let name = assigned.keys.sorted(by: { $0.partition < $1.partition }).randomElement(using: &random) else {
            return
        }
        assigned[name] = nil
        mayBeRefused = true
        for id in scheduler.lost(name) { waiting[id] = nil }
        for id in queue.giveUp([name]) { abandon(id) }
        for run in running where run.partition == name { scheduler.abandoned(run.id) }
        running.removeAll { $0.partition == name }
    }

    mutating func abandon(_ id: RecordID) {
        let wasWritten = written.removeValue(forKey: id) != nil
        #expect(wasWritten)
        scheduler.abandoned(id)
    }

    /// A transaction under way is committed or not; who comes next finds it decided.
    mutating func crash() throws {
        if let underWay, random.chance(50) { try makeVisible(underWay.batch, underWay.positions) }
        scheduler = PartitionScheduler(settings: settings)
        queue = TransactionQueue()
        (assigned, waiting, running, written, underWay) = ([:], [:], [], [:], nil)
    }

    mutating func advance() throws {
        switch scheduler.next() {
        case .start(let id):
            let name = waiting.removeValue(forKey: id)
            running.append((id, try #require(name)))
        case .poll(let name): try poll(name)
        case .drained, nil: break
        }
    }

    mutating func poll(_ name: TopicPartition) throws {
        let index = try #require(assigned[name])
        guard let log = logs[name], index < log.count else { return scheduler.ranDry(name) }
        assigned[name] = index + 1
        let offset = log[index]
        let key = offset.rawValue % 5 == 0 ? nil : OrderingKey([UInt8(offset.rawValue % 3)])
        switch scheduler.delivered(name, offset: offset, key: key, bytes: 10) {
        case .start(let id): running.append((id, name))
        case .wait(let id): waiting[id] = name
        case .skip:
            let isVisible = visible[name]?.contains(offset) == true
            #expect(isVisible, "a request without an outcome is skipped")
        case .restarted: Issue.record("the log never goes back here")
        }
    }

    /// A request is answered: its outcome waits for a transaction.
    mutating func answerOne() {
        guard !running.isEmpty else { return }
        let run = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        write(run.id, run.partition)
    }

    mutating func write(_ id: RecordID, _ name: TopicPartition) {
        written[id] = name
        queue.add(TransactionQueue.Outcome(record: id, partition: name, bytes: 10))
    }

    mutating func begin() {
        guard underWay == nil else { return }
        let batch = queue.begin(bytes: random.chance(50) ? 30 : .max)
        let positions = scheduler.takeCommits(finishing: batch.map(\.record))
        mayBeRefused = false
        underWay = (batch, positions)
    }

    mutating func end() throws {
        guard let (batch, positions) = underWay else { return }
        underWay = nil
        let settlement: TransactionQueue.Settlement
        if random.chance(mayBeRefused ? 50 : 75) {
            try makeVisible(batch, positions)
            settlement = queue.end(.committed)
            for id in settlement.committed {
                written[id] = nil
                scheduler.finished(id)
            }
            #expect(settlement.committed == batch.map(\.record))
        } else {
            for name in positions.keys { scheduler.commitFailed(name) }
            let failed = Set(batch.map(\.record).filter { _ in random.chance(10) })
            let suspected = Set(batch.map(\.record).filter { _ in random.chance(20) })
            settlement = queue.end(.aborted(failed: failed, suspected: suspected))
        }
        for id in settlement.dropped { abandon(id) }
        for id in settlement.handedBack {  // another outcome for the same request
            let name = written.removeValue(forKey: id)
            write(id, try #require(name))
        }
    }

    mutating func makeVisible(
        _ batch: [TransactionQueue.Outcome], _ positions: [TopicPartition: CommittedPosition]
    ) throws {
        for outcome in batch {
            let isNew = visible[outcome.partition, default: []].insert(outcome.record.offset).inserted
            #expect(isNew, "visible twice: \(outcome.partition.partition)/\(outcome.record.offset.rawValue)")
        }
        for (name, position) in positions {
            let offset = try #require(position.offset)
            #expect(offset >= committed[name]?.offset ?? Offset(0), "a position went back")
            committed[name] = position
        }
        for name in Self.names { try checkPosition(of: name) }
    }

    /// The group remembers exactly what is visible.
    func checkPosition(of name: TopicPartition) throws {
        let done = visible[name] ?? []
        guard let position = committed[name], let offset = position.offset else {
            #expect(done.isEmpty)
            return
        }
        let map = try #require(CompletedMap(text: position.metadata, position: offset))
        let remembered = (logs[name] ?? []).filter { entry in
            entry < offset || map.ranges.contains { $0.contains(entry) }
        }
        let isExact = Set(remembered) == done
        #expect(isExact, "positions and outcomes differ in \(name.partition)")
    }

    mutating func finishEverything() throws {
        for _ in 0..<100_000 {
            Self.names.forEach { assign($0) }
            Self.names.forEach { scheduler.ready($0) }
            try advance()
            answerOne()
            if random.chance(20) { begin() }
            if random.chance(20) { try end() }
            if Self.names.allSatisfy({ visible[$0]?.count == logs[$0]?.count }) { return }
        }
        Issue.record("not every outcome became visible")
    }
}

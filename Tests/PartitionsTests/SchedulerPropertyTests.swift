import TestSupport
import Testing

@testable import Partitions

/// Random schedules against a plain model of what must hold.
@Suite struct SchedulerPropertyTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var seed: UInt64
        var ordering: Ordering
        var testDescription: String { "\(ordering) \(seed)" }
    }

    static let cases = Ordering.allCases.flatMap { ordering in (1...8).map { Case(seed: $0, ordering: ordering) } }

    @Test(arguments: cases) func `whatever happens, bounds, order and commits hold`(_ test: Case) throws {
        var world = SchedulerWorld(seed: test.seed, ordering: test.ordering)
        for _ in 0..<6000 { try world.step() }
        try world.finishEverything()
    }
}

/// A broker, several partitions and the pipeline, played at random around one scheduler.
private struct SchedulerWorld {
    static let recordsPerPartition: Int64 = 1500

    struct Partition {
        var log: [Offset] = []
        var nextIndex = 0
        var committed = CommittedPosition(offset: nil)
        var finishedWhenCommitted: Set<Offset> = []
        var isAssigned = false
        var lastPosition: Offset?
    }

    var random: SeededGenerator
    let settings: SchedulerSettings
    var scheduler: PartitionScheduler
    var partitions: [TopicPartition: Partition] = [:]
    let names: [TopicPartition]
    var running: [(id: RecordID, partition: TopicPartition, epoch: UInt32)] = []
    var waiting: [RecordID: TopicPartition] = [:]
    var draining: Set<TopicPartition> = []
    var finished: [TopicPartition: Set<Offset>] = [:]
    /// Per key and epoch the last started offset.
    var lastOfKey: [String: Offset] = [:]

    init(seed: UInt64, ordering: Ordering) {
        random = SeededGenerator(seed: seed)
        settings = SchedulerSettings(
            partitionConcurrency: 12, maxInFlight: 30, maxBufferedBytes: 3000, ordering: ordering, lookAhead: 20,
            metadataBudget: seed % 2 == 0 ? 20 : 4000)
        scheduler = PartitionScheduler(settings: settings)
        names = (0..<5).map { TopicPartition(topic: "requests", partition: $0) }
        for name in names {
            var partition = Partition()
            partition.log = (0..<Self.recordsPerPartition).filter { _ in random.chance(85) }.map { Offset($0) }
            partitions[name] = partition
        }
    }

    func key(_ offset: Offset) -> Int? { offset.rawValue % 11 == 0 ? nil : Int(offset.rawValue * 7 % 5) }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<45: try advance()
        case 45..<85: endOne()
        case 85..<93: try commit()
        case 93..<96: scheduler.ready(names[Int.random(in: 0..<5, using: &random)])
        case 96..<98: assign(names[Int.random(in: 0..<5, using: &random)])
        default: random.chance(50) ? revokeOne() : loseOne()
        }
        #expect(scheduler.inFlight == running.count && running.count <= settings.maxInFlight)
        #expect(scheduler.bufferedBytes <= settings.maxBufferedBytes + 100)
        for status in scheduler.statuses {
            #expect(status.inFlight <= (settings.ordering == .partition ? 1 : settings.partitionConcurrency))
            #expect(status.waiting <= settings.lookAhead + 1)
        }
    }

    mutating func assign(_ name: TopicPartition) {
        guard var partition = partitions[name], !partition.isAssigned else { return }
        partition.isAssigned = true
        partition.lastPosition = nil
        finished[name] = partition.finishedWhenCommitted  // the rest is to be repeated
        partition.nextIndex =
            partition.log.firstIndex { $0 >= partition.committed.offset ?? Offset(0) } ?? partition.log.count
        partitions[name] = partition
        lastOfKey = lastOfKey.filter { !$0.key.hasPrefix("\(name.partition)/") }
        scheduler.assigned(name, from: partition.committed)
    }

    mutating func forget(_ dropped: [RecordID]) {
        for id in dropped {
            let name = waiting.removeValue(forKey: id)
            #expect(name != nil)
        }
    }

    mutating func revokeOne() {
        guard let name = names.first(where: { partitions[$0]?.isAssigned == true && !draining.contains($0) }) else {
            return
        }
        draining.insert(name)
        forget(scheduler.revoked(name))
    }

    mutating func loseOne() {
        guard let name = names.last(where: { partitions[$0]?.isAssigned == true }) else { return }
        draining.remove(name)
        partitions[name]?.isAssigned = false
        forget(scheduler.lost(name))
    }

    mutating func advance() throws {
        guard let step = scheduler.next() else { return }
        switch step {
        case .drained(let name):
            let wasDraining = draining.remove(name) != nil
            #expect(wasDraining)
            #expect(!running.contains { $0.partition == name && $0.epoch == scheduler.epoch(of: name) })
            if let position = scheduler.takeCommit(of: name) { try store(name, position) }
            partitions[name]?.isAssigned = false
            scheduler.released(name)
        case .start(let id):
            let name = waiting.removeValue(forKey: id)
            started(id, try #require(name))
        case .poll(let name):
            try poll(name)
        }
    }

    mutating func poll(_ name: TopicPartition) throws {
        var partition = try #require(partitions[name])
        #expect(partition.isAssigned && !draining.contains(name))
        guard partition.nextIndex < partition.log.count, random.chance(95) else { scheduler.ranDry(name); return }
        let offset = partition.log[partition.nextIndex]
        partition.nextIndex += 1
        partitions[name] = partition
        let key = key(offset).map { OrderingKey([UInt8($0)]) }
        switch scheduler.delivered(name, offset: offset, key: key, bytes: Int.random(in: 1...100, using: &random)) {
        case .start(let id): started(id, name)
        case .wait(let id): waiting[id] = name
        case .skip: #expect(partition.finishedWhenCommitted.contains(offset))
        case .restarted: Issue.record("the log never goes back here")
        }
    }

    mutating func started(_ id: RecordID, _ name: TopicPartition) {
        let offset = id.offset
        #expect(partitions[name]?.finishedWhenCommitted.contains(offset) == false, "finished work started again")
        running.append((id, name, scheduler.epoch(of: name)))
        let group: String?
        switch settings.ordering {
        case .unordered: group = nil
        case .partition: group = "\(name.partition)/"
        case .key: group = key(offset).map { "\(name.partition)/\($0)" }
        }
        guard let group else { return }
        if let last = lastOfKey[group] { #expect(last < offset, "out of order in \(group)") }
        lastOfKey[group] = offset
        let rivals = running.filter { other in
            other.partition == name && other.epoch == scheduler.epoch(of: name) && other.id != id
                && (settings.ordering == .partition || key(other.id.offset) == key(offset))
        }
        #expect(rivals.isEmpty, "two of \(group) in flight")
    }

    mutating func endOne() {
        guard !running.isEmpty else { return }
        let (id, name, epoch) = running.remove(at: Int.random(in: 0..<running.count, using: &random))
        // A late completion is not recorded: its assignment had ended.
        if epoch == scheduler.epoch(of: name) { finished[name, default: []].insert(id.offset) }
        scheduler.finished(id)
    }

    mutating func commit() throws {
        for (name, position) in scheduler.takeCommits() { try store(name, position) }
        #expect(scheduler.cutCommits == 0)
    }

    mutating func store(_ name: TopicPartition, _ position: CommittedPosition) throws {
        var partition = try #require(partitions[name])
        let offset = try #require(position.offset)
        #expect(position.metadata.utf8.count <= settings.metadataBudget)
        if let last = partition.lastPosition { #expect(offset >= last, "the position went back") }
        let done = finished[name, default: []]
        for earlier in partition.log where earlier < offset { #expect(done.contains(earlier), "passed \(earlier)") }
        let map = try #require(CompletedMap(text: position.metadata, position: offset))
        let recorded = Set(
            partition.log.filter { entry in entry < offset || map.ranges.contains { $0.contains(entry) } })
        let isExact = recorded == done
        #expect(isExact, "exactly what is finished is remembered")
        partition.lastPosition = offset
        partition.committed = position
        partition.finishedWhenCommitted = recorded
        partitions[name] = partition
    }

    /// Every record is started and finished in the end.
    mutating func finishEverything() throws {
        for _ in 0..<200_000 {
            names.forEach { if !draining.contains($0) { assign($0) } }
            names.forEach { scheduler.ready($0) }
            if random.chance(50) { endOne() }
            try advance()
            if finished.values.reduce(0, { $0 + $1.count }) == partitions.values.reduce(0, { $0 + $1.log.count }) {
                break
            }
        }
        for name in names {
            let isComplete = finished[name] == partitions[name].map { Set($0.log) }
            #expect(isComplete, "\(name) is incomplete")
        }
    }
}

import Testing

@testable import Partitions

@Suite struct PartitionSchedulerTests {
    let partition = TopicPartition(topic: "requests", partition: 0)
    let other = TopicPartition(topic: "requests", partition: 1)

    /// Delivers `offset` to a lane that the scheduler wants to poll.
    func start(_ offset: Int64, _ partition: TopicPartition, key: String? = nil, in scheduler: inout PartitionScheduler)
        -> PartitionScheduler.Delivery
    {
        scheduler.delivered(partition, offset: Offset(offset), key: key.map { OrderingKey($0.utf8) }, bytes: 10)
    }

    @Test func `a lane is polled until its concurrency is reached and again when a record ends`() throws {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(partitionConcurrency: 2))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        #expect(scheduler.next() == .poll(partition))
        guard case .start(let first) = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        #expect(scheduler.next() == .poll(partition))
        _ = start(1, partition, in: &scheduler)
        #expect(scheduler.next() == nil)
        scheduler.finished(first)
        #expect(scheduler.next() == .poll(partition))
        scheduler.ranDry(partition)
        #expect(scheduler.next() == nil)
        scheduler.ready(partition)
        #expect(scheduler.next() == .poll(partition))
    }

    @Test func `lanes take turns when the global bound frees up`() {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(maxInFlight: 4))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        scheduler.assigned(other, from: CommittedPosition(offset: Offset(0)))
        var polled: [TopicPartition] = []
        for offset in Int64(0)..<4 {
            guard case .poll(let lane) = scheduler.next() else { break }
            polled.append(lane)
            _ = start(offset, lane, in: &scheduler)
        }
        #expect(polled == [partition, other, partition, other])
        #expect(scheduler.next() == nil)
    }

    @Test func `nothing is polled while the buffered bytes are at their bound`() throws {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(maxBufferedBytes: 15))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let first) = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        #expect(scheduler.next() == .poll(partition))
        scheduler.hold(bytes: 5)
        #expect(scheduler.next() == nil)
        scheduler.finished(first)
        scheduler.release(bytes: 5)
        #expect(scheduler.next() == .poll(partition))
        #expect(scheduler.bufferedBytes == 0)
    }

    @Test func `records of one key run one after the other while other keys go past them`() {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(ordering: .key))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let first) = start(0, partition, key: "a", in: &scheduler),
            case .wait(let second) = start(1, partition, key: "a", in: &scheduler),
            case .start = start(2, partition, key: "b", in: &scheduler),
            case .start = start(3, partition, key: nil, in: &scheduler),
            case .start = start(4, partition, key: nil, in: &scheduler)
        else { Issue.record("order by key is not kept"); return }
        scheduler.finished(first)
        #expect(scheduler.next() == .start(second))
    }

    @Test func `one hot key fills its look-ahead and no more`() {
        let settings = SchedulerSettings(partitionConcurrency: 8, ordering: .key, lookAhead: 3)
        var scheduler = PartitionScheduler(settings: settings)
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        var delivered: Int64 = 0
        while case .poll = scheduler.next() {
            _ = start(delivered, partition, key: "hot", in: &scheduler)
            delivered += 1
        }
        #expect(delivered == 4, "one running, three waiting")
    }

    @Test func `partition order runs one record at a time`() {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(ordering: .partition))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let first) = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        #expect(scheduler.next() == nil)
        scheduler.finished(first)
        #expect(scheduler.next() == .poll(partition))
    }

    @Test func `a revoked partition drops what waits, drains once, and commits how far it came`() {
        var scheduler = PartitionScheduler(settings: SchedulerSettings(ordering: .key))
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let first) = start(0, partition, key: "a", in: &scheduler),
            case .wait(let second) = start(1, partition, key: "a", in: &scheduler)
        else { Issue.record("order by key is not kept"); return }
        #expect(scheduler.revoked(partition) == [second])
        #expect(scheduler.next() == nil)
        scheduler.finished(first)
        #expect(scheduler.next() == .drained(partition))
        #expect(scheduler.next() == nil)
        #expect(scheduler.takeCommit(of: partition) == CommittedPosition(offset: Offset(1)))
        scheduler.released(partition)
        #expect(scheduler.takeCommits().isEmpty && scheduler.inFlight == 0 && scheduler.bufferedBytes == 0)
    }

    @Test func `a late completion of an assignment that ended does not touch the next one`() {
        var scheduler = PartitionScheduler()
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let late) = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        _ = scheduler.lost(partition)
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        #expect(scheduler.inFlight == 2, "the late one still takes resources")
        scheduler.finished(late)
        #expect(scheduler.inFlight == 1)
        #expect(scheduler.takeCommit(of: partition)?.offset == Offset(0))
    }

    @Test func `a given-up record holds the position so that the next owner repeats it`() {
        var scheduler = PartitionScheduler()
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let first) = start(0, partition, in: &scheduler),
            case .start(let second) = start(1, partition, in: &scheduler)
        else { Issue.record("waits"); return }
        scheduler.abandoned(first)
        scheduler.finished(second)
        let commit = scheduler.takeCommit(of: partition)
        #expect(commit?.offset == Offset(0))
        #expect(commit?.metadata == "br1bB", "offset 1 is remembered")
    }

    @Test func `a log that begins anew is a new assignment`() {
        var scheduler = PartitionScheduler()
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(50)))
        guard case .start(let old) = start(50, partition, in: &scheduler),
            case .restarted(let record, dropped: let dropped) = start(0, partition, in: &scheduler)
        else { Issue.record("not noticed"); return }
        #expect(dropped.isEmpty)
        #expect(scheduler.next() == .start(record))
        scheduler.finished(old)
        #expect(scheduler.takeCommit(of: partition)?.offset == Offset(0))
        scheduler.finished(record)
        #expect(scheduler.takeCommit(of: partition)?.offset == Offset(1))
    }

    @Test func `a commit is handed out when something changed, and again when it failed`() {
        var scheduler = PartitionScheduler()
        scheduler.assigned(partition, from: CommittedPosition(offset: nil))
        #expect(scheduler.takeCommits().isEmpty)
        guard case .start(let first) = start(7, partition, in: &scheduler) else { Issue.record("waits"); return }
        #expect(scheduler.takeCommits() == [partition: CommittedPosition(offset: Offset(7))])
        #expect(scheduler.takeCommits().isEmpty)
        scheduler.finished(first)
        #expect(scheduler.takeCommits() == [partition: CommittedPosition(offset: Offset(8))])
        scheduler.commitFailed(partition)
        #expect(scheduler.takeCommits() == [partition: CommittedPosition(offset: Offset(8))])
    }

    @Test func `near the metadata bound the lane narrows and widens again`() throws {
        let settings = SchedulerSettings(partitionConcurrency: 100, metadataBudget: 24)
        var scheduler = PartitionScheduler(settings: settings)
        scheduler.assigned(partition, from: CommittedPosition(offset: Offset(0)))
        guard case .start(let slow) = start(0, partition, in: &scheduler) else { Issue.record("waits"); return }
        var next: Int64 = 1
        var running: [RecordID] = []
        while case .poll = scheduler.next() {
            if case .start(let record) = start(next, partition, in: &scheduler) { running.append(record) }
            next += 1
        }
        #expect(running.count == 99, "one hundred in flight: the span fits a bitset of 120")
        for (index, record) in running.enumerated() where index % 2 == 0 { scheduler.finished(record) }
        while case .poll = scheduler.next() { _ = start(next, partition, in: &scheduler); next += 1 }
        #expect(next <= 122, "the record beyond the bitset is taken and waits")
        #expect(scheduler.takeCommit(of: partition)?.metadata.utf8.count ?? 99 <= 24)
        #expect(scheduler.cutCommits == 0)
        scheduler.finished(slow)
        guard case .start = scheduler.next() else { Issue.record("stays narrow"); return }
    }
}

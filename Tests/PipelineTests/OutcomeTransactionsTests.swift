import ChatCompletions
import EventLoop
import Partitions
import ProviderAPI
import Testing
import Time

@testable import Pipeline

@Suite struct OutcomeTransactionsTests {
    static let partition = TopicPartition(topic: "chat.requests", partition: 3)
    static let unreachable = DeliveryError(.unavailable, message: "no leader")

    @Test @RequestPath func `reply, event and position are in one transaction, and the request ends with it`()
        async throws
    {
        let world = TransactionsFixture()
        world.source.add(requests(0..<1))
        await world.loop.assign([Self.partition])
        await world.runner.untilRun(1)

        let run = try #require(world.runner.runs.first)
        #expect(run.records.map(\.topic) == ["replies", "metrics"])
        #expect(run.positions == [Self.partition: CommittedPosition(offset: Offset(1))])
        #expect(world.fixture.publisher.published.isEmpty && world.fixture.publisher.posted.isEmpty)
        #expect(world.source.commits.isEmpty)
        await world.untilIdle()
        #expect(world.loop.bufferedBytes == 0)
    }

    @Test @RequestPath func `a failed request has its dead letter in the transaction as well`() async throws {
        let world = TransactionsFixture()
        world.source.add([.request("not json", offset: 0)])
        await world.loop.assign([Self.partition])
        await world.runner.untilRun(1)
        #expect(world.runner.runs[0].records.map(\.topic) == ["replies", "dlq", "metrics"])
    }

    @Test @RequestPath func `what was aborted is written again, without another call`() async throws {
        let world = TransactionsFixture()
        world.runner.ends = [.aborted(reason: "fenced", failures: [:]), .aborted(reason: "again", failures: [:])]
        world.source.add(requests(0..<3))
        await world.loop.assign([Self.partition])
        await world.untilAnswered(3)

        #expect(world.fixture.provider.calls.count == 3)
        #expect(world.runner.group[Self.partition] == CommittedPosition(offset: Offset(3)))
        #expect(world.runner.runs.count >= 3)
    }

    @Test @RequestPath func `an answer that its topic does not take becomes an error, and the others are written`()
        async throws
    {
        let world = TransactionsFixture()
        world.runner.largest = 300
        world.fixture.provider.answer = { [provider = world.fixture.provider] attempt throws(ProviderError) in
            var response = ChatResponse.sample(model: attempt.model)
            if provider.calls.count == 2 { response = .sample(model: String(repeating: "x", count: 1000)) }
            return response
        }
        world.source.add(requests(0..<3))
        await world.loop.assign([Self.partition])
        await world.untilAnswered(3)

        let replies = world.runner.visible.filter { $0.topic == "replies" }
        #expect(replies.compactMap { $0.text("x-relay-status") }.sorted() == ["200", "200", "413"])
        #expect(world.runner.visible.filter { $0.topic == "dlq" }.count == 1)
        #expect(world.runner.visible.filter { $0.topic == "metrics" }.count == 3)
        #expect(world.fixture.provider.calls.count == 3)
    }

    @Test @RequestPath func `a request whose key no reply can hold is answered without it`() async throws {
        let world = TransactionsFixture()
        world.runner.largest = 1000
        let key = [UInt8](repeating: 0x61, count: 2000)
        world.source.add([.request(PipelineFixture.body, key: key, offset: 0)])
        world.source.add(requests(1..<2))
        await world.loop.assign([Self.partition])
        await world.untilAnswered(2)

        let replies = world.runner.visible.filter { $0.topic == "replies" }
        #expect(replies.compactMap { $0.text("x-relay-status") }.sorted() == ["200", "413"])
        #expect(replies.allSatisfy { $0.key != key })
        #expect(world.fixture.provider.calls.count == 2)
    }

    @Test(arguments: [true, false]) @RequestPath
    func `of a transaction whose fate is not known the group's positions tell`(isCommitted: Bool) async throws {
        let world = TransactionsFixture()
        world.runner.ends = [.unknown(reason: "timed out")]
        world.runner.isCommittedUnknown = isCommitted
        world.source.add(requests(0..<2))
        await world.loop.assign([Self.partition])
        await world.untilAnswered(2)

        #expect(world.runner.visible.filter { $0.topic == "replies" }.count == 2)
        #expect(world.fixture.provider.calls.count == 2)
    }

    @Test @RequestPath func `partitions are given back without waiting for the interval`() async throws {
        let world = TransactionsFixture(interval: .seconds(3600))
        world.source.add(requests(0..<1))
        await world.loop.assign([Self.partition])
        await world.runner.untilRun(1)
        world.source.add(requests(1..<2))
        world.loop.recordsReady(Self.partition)

        await world.loop.revoke([Self.partition])

        #expect(world.runner.group[Self.partition] == CommittedPosition(offset: Offset(2)))
        #expect(world.source.unassigned == [Self.partition])
    }

    @Test @RequestPath func `outcomes of a lost partition are dropped`() async throws {
        let world = TransactionsFixture()
        world.runner.isMember = false
        world.source.add(requests(0..<2))
        await world.loop.assign([Self.partition])
        await world.runner.untilAsked()

        world.loop.lose([Self.partition])
        world.runner.isMember = true
        await world.untilIdle()

        #expect(world.runner.runs.isEmpty && world.loop.bufferedBytes == 0)
    }

    @Test @RequestPath func `a reply topic that is away delays its own requests only`() async throws {
        let world = TransactionsFixture()
        world.runner.failures = ["replies.away": Self.unreachable]
        world.source.add([
            .request(PipelineFixture.body, headers: [("reply-topic", Array("replies.away".utf8))], offset: 0)
        ])
        world.source.add(requests(1..<5))
        await world.loop.assign([Self.partition])
        await world.untilAnswered(4)
        #expect(world.runner.visible.allSatisfy { $0.topic != "replies.away" })

        world.runner.failures = [:]
        await world.untilAnswered(5)
        #expect(world.fixture.provider.calls.count == 5)
    }

    private func requests(_ offsets: Range<Int64>) -> [ConsumerRecord] {
        offsets.map { .request(PipelineFixture.body, offset: $0) }
    }
}

/// The pipeline under `exactly_once`, with brokers that are a list.
@RequestPath
private struct TransactionsFixture {
    let source = FakeSource()
    let runner = FakeRunner()
    let fixture: PipelineFixture
    let loop: ConsumerLoop

    init(interval: Duration = .milliseconds(1)) {
        let transactions = OutcomeTransactions(
            settings: OutcomeTransactions.Settings(interval: interval), runner: runner, logger: .discard)
        fixture = PipelineFixture(transactions: transactions)
        loop = ConsumerLoop(
            settings: ConsumerLoop.Settings(scheduler: SchedulerSettings(), drainGrace: .seconds(30)), source: source,
            handler: fixture.handler, transactions: transactions, logger: .discard)
    }

    func untilAnswered(_ count: Int) async {
        await runner.changes.until { runner.visible.filter { $0.topic.hasPrefix("replies") }.count >= count }
    }

    /// Until tasks that have been resumed have ended.
    func untilIdle() async {
        while loop.inFlight > 0 { await Task.yield() }
    }
}

/// Keeps what was committed; ends transactions as told.
@RequestPath
private final class FakeRunner: TransactionRunner {
    let changes = Watch()
    private(set) var runs: [(records: [ProducerRecord], positions: [TopicPartition: CommittedPosition])] = []
    private(set) var visible: [ProducerRecord] = []
    private(set) var group: [TopicPartition: CommittedPosition] = [:]
    private(set) var asked = 0
    /// For the next transactions; afterwards they are committed.
    var ends: [TransactionEnd] = []
    var isCommittedUnknown = false
    var isMember = true
    var largest = Int.max
    /// By topic.
    var failures: [String: DeliveryError] = [:]

    nonisolated init() {}

    func prepare() async -> Bool {
        asked += 1
        changes.note()
        return isMember
    }

    func run(_ records: [ProducerRecord], _ positions: [TopicPartition: CommittedPosition]) async -> TransactionEnd {
        await Task.yield()
        runs.append((records, positions))
        var end = ends.isEmpty ? .committed : ends.removeFirst()
        var failed: [Int: DeliveryError] = [:]
        // As with a broker that measures batches: too large is all of it, or none.
        let isTooLarge = { [largest] (bytes: [UInt8]?) in bytes?.count ?? 0 > largest }
        if records.contains(where: { $0.topic == "replies" && (isTooLarge($0.value) || isTooLarge($0.key)) }) {
            for index in records.indices where records[index].topic == "replies" {
                failed[index] = DeliveryError(.tooLarge, message: "too large")
            }
        }
        for index in records.indices { failures[records[index].topic].map { failed[index] = $0 } }
        if !failed.isEmpty { end = .aborted(reason: "delivery failed", failures: failed) }
        if case .committed = end { commit(records, positions) }
        if case .unknown = end, isCommittedUnknown { commit(records, positions) }
        changes.note()
        return end
    }

    private func commit(_ records: [ProducerRecord], _ positions: [TopicPartition: CommittedPosition]) {
        visible += records
        group.merge(positions) { $1 }
    }

    func settledPositions(_ partitions: [TopicPartition]) async -> [TopicPartition: CommittedPosition]? { group }

    func untilRun(_ count: Int) async { await changes.until { self.runs.count >= count } }
    func untilAsked() async { await changes.until { self.asked > 0 } }
}

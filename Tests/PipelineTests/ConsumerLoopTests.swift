import EventLoop
import Partitions
import ProviderAPI
import Testing
import Time

@testable import Pipeline

@Suite struct ConsumerLoopTests {
    private static let partition = TopicPartition(topic: "chat.requests", partition: 3)

    @RequestPath
    private func makeLoop(
        _ fixture: PipelineFixture, _ source: FakeSource, concurrency: Int = 4, maxInFlight: Int = 100,
        grace: Duration = .seconds(30)
    ) -> ConsumerLoop {
        ConsumerLoop(
            settings: ConsumerLoop.Settings(
                scheduler: SchedulerSettings(partitionConcurrency: concurrency, maxInFlight: maxInFlight),
                drainGrace: grace),
            source: source, handler: fixture.handler, logger: .discard)
    }

    private func requests(_ offsets: Range<Int64>) -> [ConsumerRecord] {
        offsets.map { .request(PipelineFixture.body, offset: $0) }
    }

    @Test @RequestPath func `every record is answered and then committed when the partition is given back`()
        async throws
    {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        source.add(requests(0..<20))
        let loop = makeLoop(fixture, source)

        await loop.assign([Self.partition])
        await fixture.publisher.untilPublished(20)
        await loop.revoke([Self.partition])

        #expect(fixture.publisher.published.count == 20)
        #expect(source.commits.last?[Self.partition]?.offset == Offset(20))
        #expect(source.unassigned == [Self.partition])
    }

    @Test @RequestPath func `no more is polled than may run`() async throws {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            await gate.pass()
            return .sample(model: attempt.model)
        }
        source.add(requests(0..<20))
        let loop = makeLoop(fixture, source, concurrency: 4)

        await loop.assign([Self.partition])
        await gate.untilWaiting(4)
        #expect(loop.inFlight == 4)
        #expect(source.queued(Self.partition) == 16)

        gate.open()
        await fixture.publisher.untilPublished(20)
        #expect(fixture.provider.calls.count == 20)
    }

    @Test @RequestPath func `a revoked partition drains first and commits only what was answered`() async throws {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            await gate.pass()
            return .sample(model: attempt.model)
        }
        source.add(requests(0..<8))
        let loop = makeLoop(fixture, source, concurrency: 2)
        await loop.assign([Self.partition])
        await gate.untilWaiting(2)

        let revocation = Task { @RequestPath in await loop.revoke([Self.partition]) }
        await Task.yield()
        #expect(source.unassigned.isEmpty)
        gate.open()
        await revocation.value

        #expect(fixture.publisher.published.count == 2)
        #expect(source.commits.last?[Self.partition]?.offset == Offset(2))
        #expect(source.unassigned == [Self.partition])
    }

    @Test @RequestPath func `what outlives the grace period is given up and not committed`() async throws {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        fixture.provider.answer = { _ throws(ProviderError) in
            try? await EventLoop.shared.sleep(until: .distantFuture)
            var error = ProviderError.status(500, .apiConnection)
            error.isCancelled = true
            throw error
        }
        source.positions[Self.partition] = CommittedPosition(offset: Offset(5))
        source.add(requests(5..<7))
        let loop = makeLoop(fixture, source, grace: .milliseconds(1))
        await loop.assign([Self.partition])

        await loop.revoke([Self.partition])

        #expect(fixture.publisher.published.isEmpty)
        #expect(source.commits.allSatisfy { $0[Self.partition]?.offset == Offset(5) })
    }

    @Test @RequestPath func `an outcome that is never acknowledged does not hold up a revocation for ever`()
        async throws
    {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        fixture.publisher.stalled = ["replies"]
        source.add(requests(0..<2))
        let loop = makeLoop(fixture, source, grace: .milliseconds(1))
        await loop.assign([Self.partition])
        await fixture.publisher.untilStalled(2)
        #expect(loop.bufferedBytes > 2 * PipelineFixture.body.utf8.count, "replies that wait count as well")

        await loop.revoke([Self.partition])

        #expect(source.unassigned == [Self.partition])
        #expect(source.commits.allSatisfy { $0[Self.partition]?.offset == Offset(0) })
    }

    @Test @RequestPath func `a reply topic that takes nothing slows nobody else, not even in its own partition`()
        async throws
    {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        fixture.publisher.stalled = ["replies.away"]
        let away = [("reply-topic", Array("replies.away".utf8))]
        source.add((0..<100).map { .request(PipelineFixture.body, headers: $0 % 2 == 0 ? away : [], offset: $0) })
        let loop = makeLoop(fixture, source, concurrency: 4)

        await loop.assign([Self.partition])
        await fixture.publisher.untilPublished(50)

        #expect(fixture.publisher.published.allSatisfy { $0.topic == "replies" })
        #expect(source.queued(Self.partition) == 0)
    }

    @Test @RequestPath func `outcomes that wait are bounded by bytes`() async throws {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        fixture.publisher.stalled = ["replies"]
        source.add(requests(0..<1000))
        let settings = SchedulerSettings(partitionConcurrency: 4, maxBufferedBytes: 100_000)
        let loop = ConsumerLoop(
            settings: ConsumerLoop.Settings(scheduler: settings, drainGrace: .milliseconds(1)), source: source,
            handler: fixture.handler, logger: .discard)

        await loop.assign([Self.partition])
        await fixture.publisher.untilStalled(15)
        for _ in 0..<100 { await Task.yield() }

        #expect(loop.bufferedBytes >= 100_000 && loop.bufferedBytes < 130_000)
        #expect(source.queued(Self.partition) > 950)
        await loop.revoke([Self.partition])
    }

    @Test @RequestPath func `nothing of a lost partition is committed`() async throws {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        let gate = Gate()
        fixture.provider.answer = { attempt throws(ProviderError) in
            await gate.pass()
            return .sample(model: attempt.model)
        }
        source.add(requests(0..<2))
        let loop = makeLoop(fixture, source)
        await loop.assign([Self.partition])
        await gate.untilWaiting(2)

        loop.lose([Self.partition])
        gate.open()
        await loop.stop()

        #expect(source.commits.isEmpty)
        #expect(source.unassigned == [Self.partition])
    }

    /// The loop is not started, so there is no periodic commit.
    @Test @RequestPath func `what has finished is committed at once, and then once for each commit answered`()
        async throws
    {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        source.add(requests(0..<3))
        let loop = makeLoop(fixture, source)
        await loop.assign([Self.partition])
        await source.untilCommits(1)
        #expect(source.commits[0][Self.partition]?.offset == Offset(3))

        source.add(requests(3..<5))
        loop.recordsReady(Self.partition)
        await fixture.publisher.untilPublished(5)
        await Task.yield()
        #expect(source.commits.count == 1)
        loop.commitEnded(failed: [])
        await source.untilCommits(2)
        #expect(source.commits[1][Self.partition]?.offset == Offset(5))
    }

    @Test @RequestPath func `records finished beyond the committed position are not repeated after a restart`()
        async throws
    {
        let (fixture, source) = (PipelineFixture(), FakeSource())
        fixture.provider.answer = { [provider = fixture.provider] attempt throws(ProviderError) in
            if provider.calls.count == 1 {
                try? await EventLoop.shared.sleep(until: .distantFuture)
                var error = ProviderError.status(500, .apiConnection)
                error.isCancelled = true
                throw error
            }
            return .sample(model: attempt.model)
        }
        source.add(requests(0..<4))
        let loop = makeLoop(fixture, source, grace: .milliseconds(1))
        await loop.assign([Self.partition])
        await fixture.publisher.untilPublished(3)
        await loop.revoke([Self.partition])
        let committed = try #require(source.commits.last?[Self.partition])
        #expect(committed.offset == Offset(0))

        let (next, restarted) = (PipelineFixture(), FakeSource())
        restarted.positions[Self.partition] = committed
        restarted.add(requests(0..<6))
        let nextLoop = makeLoop(next, restarted)
        await nextLoop.assign([Self.partition])
        await next.publisher.untilPublished(3)
        await nextLoop.revoke([Self.partition])

        #expect(
            next.publisher.published.compactMap { $0.text("x-relay-source") }.sorted() == [
                "chat.requests/3/0", "chat.requests/3/4", "chat.requests/3/5",
            ])
        #expect(restarted.commits.last?[Self.partition]?.offset == Offset(6))
    }
}

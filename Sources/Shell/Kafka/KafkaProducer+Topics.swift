import CRdKafka
import EventLoop
public import Time

/// One question to the brokers about a topic, and what waits for its answer.
@RequestPath
final class TopicLookup {
    let ended = Signal()
    /// Records that cannot be produced before, in order.
    var parked: [Int] = []
}

extension KafkaProducer {
    private static let lookupTimeout: Duration = .seconds(10)

    /// The number of partitions of `topic`; 0 when it does not exist, nil when the brokers do not say
    /// by `deadline`. Cached; asks the broker when not known.
    public func partitionCount(of topic: String, deadline: Instant) async -> Int32? {
        guard TopicDirectory.isLegalName(topic) else { return 0 }
        if topics.look(up: topic, now: EventLoop.shared.now) == .unknown {
            await lookUp(topic).ended.wait(until: deadline)
        }
        switch topics.look(up: topic, now: EventLoop.shared.now) {
        case .known(let count): return count
        case .aging(let count):
            lookUp(topic)
            return count
        case .missing: return 0
        case .unknown: return nil
        }
    }

    func park(_ slot: Int, until topic: String) {
        lookUp(topic).parked.append(slot)
    }

    /// Asks for the topic's partitions, unless that is being done already.
    @discardableResult
    func lookUp(_ topic: String) -> TopicLookup {
        if let running = lookups[topic] { return running }
        let lookup = TopicLookup()
        lookups[topic] = lookup
        Task { await run(lookup, topic) }
        return lookup
    }

    private func run(_ lookup: TopicLookup, _ topic: String) async {
        let milliseconds = Int32(Self.lookupTimeout.inMilliseconds)
        // A little later than librdkafka's own deadline, whose error says more.
        let deadline = EventLoop.shared.now.advanced(by: Self.lookupTimeout + .seconds(1))
        let result = await client?.blocking(until: deadline) { handle in
            handle.partitionCount(of: topic, milliseconds: milliseconds)
        }
        lookups[topic] = nil
        var failure: KafkaError?
        switch result {
        case .success(let count): topics.store(count, for: topic, now: EventLoop.shared.now)
        case .failure(let error): failure = error
        case nil: failure = KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        // In order: nothing that came later can overtake, for this does not suspend.
        for slot in lookup.parked { route(slot, afterLookup: failure) }
        lookup.ended.fire()
    }
}

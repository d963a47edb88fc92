import CRdKafka
import EventLoop
import Partitions
import Time

/// What a producer knows of topics, and its questions to the brokers about them: one at a time for each topic.
@RequestPath
final class TopicLookups {
    /// Who is asked; nil while a new instance is to be made.
    var client: @RequestPath () -> ClientInstance? = { nil }

    private var directory = TopicDirectory()
    private var running: [String: Lookup] = [:]

    private static let timeout: Duration = .seconds(10)

    private final class Lookup {
        let ended = Signal()
        /// In order.
        var waiting: [@RequestPath (KafkaError?) -> Void] = []
    }

    /// What is known now; what has become old is asked for again meanwhile.
    func answer(_ topic: String, partition: Int32? = nil) -> TopicDirectory.Answer {
        let answer = directory.look(up: topic, partition: partition, now: EventLoop.shared.now)
        if case .aging = answer { _ = lookUp(topic) }
        return answer
    }

    /// The number of partitions of `topic`; 0 when it does not exist, nil when the brokers do not say by `deadline`.
    func partitionCount(of topic: String, deadline: Instant) async -> Int32? {
        guard TopicDirectory.isLegalName(topic) else { return 0 }
        if directory.look(up: topic, now: EventLoop.shared.now) == .unknown {
            await lookUp(topic).ended.wait(until: deadline)
        }
        switch answer(topic) {
        case .known(let count), .aging(let count): return count
        case .missing: return 0
        case .unknown: return nil
        }
    }

    /// Calls `body` when the brokers have answered, or have not: then it is told why. In the order of the calls.
    func afterLookup(of topic: String, _ body: @escaping @RequestPath (KafkaError?) -> Void) {
        lookUp(topic).waiting.append(body)
    }

    /// Asks for the topic's partitions, unless that is being done already.
    private func lookUp(_ topic: String) -> Lookup {
        if let lookup = running[topic] { return lookup }
        let lookup = Lookup()
        running[topic] = lookup
        RequestPath.task { await self.run(lookup, topic) }
        return lookup
    }

    private func run(_ lookup: Lookup, _ topic: String) async {
        let milliseconds = Int32(Self.timeout.inMilliseconds)
        // A little later than librdkafka's own deadline, whose error says more.
        let deadline = EventLoop.shared.now.advanced(by: Self.timeout + .seconds(1))
        let result = await client()?.blocking(until: deadline) { handle in
            handle.partitionCount(of: topic, milliseconds: milliseconds)
        }
        running[topic] = nil
        var failure: KafkaError?
        switch result {
        case .success(let count): directory.store(count, for: topic, now: EventLoop.shared.now)
        case .failure(let error): failure = error
        case nil: failure = KafkaError(RD_KAFKA_RESP_ERR__TIMED_OUT)
        }
        // In order: nothing that came later can overtake, for this does not suspend.
        for body in lookup.waiting { body(failure) }
        lookup.ended.fire()
    }
}

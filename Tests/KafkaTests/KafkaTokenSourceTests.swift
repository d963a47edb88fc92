import EventLoop
import Logging
import Partitions
import Testing
import Time

@testable import Kafka

@Suite struct KafkaTokenSourceTests {
    /// Nobody listens there: a client asks for a token before it connects.
    private let properties = [
        KafkaProperty("bootstrap.servers", "127.0.0.1:1"), KafkaProperty("security.protocol", "SASL_PLAINTEXT"),
        KafkaProperty("sasl.mechanisms", "OAUTHBEARER"), KafkaProperty("group.id", "g"),
    ]

    /// Answers every request with what `answer` says for its number, and tells of each.
    private func source(
        _ answer: @escaping @Sendable (Int) -> Result<KafkaTokenSource.Token, KafkaTokenSource.Failure>
    ) -> (KafkaTokenSource, requests: AsyncStream<Int>) {
        let (requests, input) = AsyncStream<Int>.makeStream()
        let count = Counter()
        let source = KafkaTokenSource { () async throws(KafkaTokenSource.Failure) in
            count.value += 1
            input.yield(count.value)
            return try answer(count.value).get()
        }
        return (source, requests)
    }

    private func token(lifetime: Duration) -> KafkaTokenSource.Token {
        .init(value: "token", expiration: SystemTime().now.advanced(by: lifetime), principal: "relay")
    }

    @Test(.timeLimit(.minutes(1))) @RequestPath
    func `a producer asks for a token at once and again before it expires`() async throws {
        let (source, requests) = source { _ in .success(token(lifetime: .seconds(2))) }
        let producer = try KafkaProducer(properties: properties + [.tokens(from: source)], logger: .discard) { _ in }

        for await number in requests where number == 3 { break }

        await producer.close(deadline: EventLoop.shared.now)
    }

    @Test(.timeLimit(.minutes(1))) @RequestPath
    func `a consumer asks too, and again after a failure`() async throws {
        let (source, requests) = source { number in
            number == 1
                ? .failure(KafkaTokenSource.Failure(message: "no credentials yet"))
                : .success(token(lifetime: .seconds(60)))
        }
        let consumer = try KafkaConsumer(
            properties: properties + [.tokens(from: source)], topics: ["t"], logger: .discard, onEvent: { _ in },
            onReady: { _ in })

        for await number in requests where number == 2 { break }

        await consumer.close(deadline: EventLoop.shared.now)
    }

    @Test(.timeLimit(.minutes(1))) @RequestPath
    func `a token that comes after the client was closed is dropped`() async throws {
        let gate = Signal()
        let asked = Signal()
        let source = KafkaTokenSource { () async throws(KafkaTokenSource.Failure) in
            asked.fire()
            await gate.wait(until: .distantFuture)
            return .init(value: "token", expiration: .distantFuture, principal: "relay")
        }
        let producer = try KafkaProducer(properties: properties + [.tokens(from: source)], logger: .discard) { _ in }
        await asked.wait(until: .distantFuture)

        await producer.close(deadline: EventLoop.shared.now)
        gate.fire()
    }

    @Test func `a source is no property that librdkafka could refuse`() {
        let source = KafkaTokenSource { () async throws(KafkaTokenSource.Failure) in
            throw KafkaTokenSource.Failure(message: "never asked")
        }
        #expect(KafkaClientConfiguration.problems(in: [.tokens(from: source)]).isEmpty)
    }
}

@RequestPath
private final class Counter {
    var value = 0
    nonisolated init() {}
}

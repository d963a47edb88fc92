import Glibc
import Synchronization

/// Sends chat requests to a topic, as fast as the broker takes them or at a set rate, and waits for their replies.
///
/// Raw librdkafka on two threads of its own and no consumer group, so that what is measured is the consumer under test.
/// Replies are known by their `correlation-id`; of a stream only the record that ends it counts.
public final class LoadGenerator: Sendable {
    public struct Settings: Sendable {
        public var bootstrapServers: String
        public var requestTopic: String
        public var replyTopic: String
        public var requests: Int
        /// Nil: as fast as the broker takes them.
        public var requestsPerSecond: Double?
        /// The request's body, by its number from 0 on.
        public var body: @Sendable (Int) -> [UInt8]
        /// Further librdkafka settings, for both clients.
        public var properties: [String: String] = [:]

        public init(
            bootstrapServers: String, requestTopic: String, replyTopic: String, requests: Int,
            body: @escaping @Sendable (Int) -> [UInt8]
        ) {
            self.bootstrapServers = bootstrapServers
            self.requestTopic = requestTopic
            self.replyTopic = replyTopic
            self.requests = requests
            self.body = body
        }
    }

    private let settings: Settings
    private let books: LoadBooks
    private let producer: RawKafka
    private let consumer: RawKafka
    /// Empty before `start` and after `wait`.
    private let threads = Mutex<[pthread_t]>([])

    /// Connects, and finds the end of the reply topic: replies from then on are seen, whenever `start` comes.
    public init(_ settings: Settings) throws(LoadError) {
        self.settings = settings
        books = LoadBooks(requests: settings.requests)
        let common = settings.properties.merging(["bootstrap.servers": settings.bootstrapServers]) { chosen, _ in chosen
        }
        let linger = settings.requestsPerSecond == nil ? "5" : "0"
        producer = try RawKafka(producer: common.merging(["linger.ms": linger]) { chosen, _ in chosen }) { [books] in
            books.recordUndelivered()
        }
        // The group is never joined, but librdkafka assigns no partitions to a client without one.
        let reading = ["group.id": "load-generator", "enable.auto.commit": "false", "fetch.wait.max.ms": "10"]
        consumer = try RawKafka(consumer: common.merging(reading) { chosen, _ in chosen })
        try consumer.readFromEnd(of: settings.replyTopic)
    }

    deinit { _ = wait(upTo: .zero) }

    /// Begins to send. Call it once.
    public func start() {
        let produce = Job { [settings, books, producer] in
            Self.produce(settings, books, producer)
        }
        let consume = Job { [books, consumer] in
            while !books.isOver { consumer.poll { books.record(reply: $0) } }
        }
        threads.withLock { $0 = [produce.start(), consume.start()] }
    }

    /// Waits until every request has its reply, or for this long, and ends both threads.
    public func wait(upTo limit: Duration) -> LoadResult {
        books.setDeadline(Clock.monotonic + limit.nanoseconds)
        threads.withLock { threads in
            for thread in threads { pthread_join(thread, nil) }
            threads = []
        }
        return books.result()
    }

    private static func produce(_ settings: Settings, _ books: LoadBooks, _ producer: borrowing RawKafka) {
        let begin = Clock.monotonic
        let interval = settings.requestsPerSecond.map { 1e9 / $0 }
        for number in 0..<settings.requests {
            if let interval { sleep(until: begin + Int64(Double(number) * interval), books) }
            guard !books.isOver else { return }
            let body = settings.body(number)
            books.recordSending(number)
            while !producer.produce(body, to: settings.requestTopic, correlationID: books.correlationID(number)) {
                guard !books.isOver else { return }
                producer.serve(waiting: 10)
            }
            producer.serve(waiting: 0)
        }
        while !books.isOver { producer.serve(waiting: 50) }
    }

    /// In short naps, so that the deadline is noticed.
    private static func sleep(until time: Int64, _ books: LoadBooks) {
        while !books.isOver {
            let left = time - Clock.monotonic
            guard left > 0 else { return }
            usleep(UInt32(min(left, 50_000_000) / 1000) + 1)
        }
    }
}

/// Something to be done on a thread of its own.
private final class Job: Sendable {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func start() -> pthread_t {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(code == 0, "the system has no thread left")
        return thread
    }
}

/// Why a client of the load generator cannot do its work.
public struct LoadError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }
}

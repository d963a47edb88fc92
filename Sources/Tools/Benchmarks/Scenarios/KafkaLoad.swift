import CRdKafka
import Glibc
import JSON
import Simulator
import Time

/// Requests into a topic and replies out of another, by one thread with raw librdkafka clients.
///
/// The broker under test keeps 5 MiB a partition, so what is under way is bounded also where it is as fast as it goes.
final class KafkaLoad {
    private let plan: LoadPlan
    private let producer: RawKafka
    private let consumer: RawKafka
    private let readsEvents: Bool
    private let isStreamed: Bool
    /// When request number n was sent.
    private var sentAt: [Int64] = []
    private var answered = 0
    private var refusal: String?
    private var lastReply: Int64 = 0
    /// Milliseconds, from the routing events of measured requests.
    private(set) var overheads: [Double] = []

    /// Without a reply for so long, something is broken.
    private static let patience: Int64 = 15_000_000_000

    /// - Parameters:
    ///   - readsEvents: whether routing events are read, too.
    ///   - isStreamed: whether answers are asked for in chunks.
    init(
        _ world: World, _ plan: LoadPlan, readsEvents: Bool = false, isStreamed: Bool = false
    ) throws(Unmeasurable) {
        self.plan = plan
        self.isStreamed = isStreamed
        self.readsEvents = readsEvents
        producer = try RawKafka.producer(world.brokers, linger: plan.rate == nil ? KafkaTuning.lingerUnderLoad : 0)
        consumer = try RawKafka.consumer(
            world.brokers, of: [World.replyTopic] + (readsEvents ? [World.metricsTopic] : []))
    }

    /// Loads `process` as planned; with `inFlight` of the requests under way being worked on at a time.
    func run(_ process: ChildProcess, inFlight: Int) throws(Unmeasurable) -> LoadResult {
        let start = Clocks.monotonic
        var recorder = LoadRecorder(process.meter, plan: plan, now: start)
        lastReply = start
        while true {
            let now = Clocks.monotonic
            guard now < recorder.end else { break }
            recorder.tick(now: now)
            produce(since: start, now: now)
            producer.serve()
            while consumer.consume(waiting: sentAt.count > answered ? 1 : 0, { take($0, &recorder) }) {
                if Clocks.monotonic - now > 2_000_000 { break }
            }
            if let refusal { throw Unmeasurable(refusal) }
            guard now - lastReply < Self.patience else { throw Unmeasurable("no reply for 15 s") }
        }
        overheads.sort()
        return recorder.result(inFlight: inFlight)
    }

    private func produce(since start: Int64, now: Int64) {
        var allowed = plan.inFlight - (sentAt.count - answered)
        if let rate = plan.rate {
            allowed = min(allowed, Int(Double(now - start) / 1e9 * rate) + 1 - sentAt.count)
        }
        while allowed > 0, send() { allowed -= 1 }
    }

    private func send() -> Bool {
        let number = "\(sentAt.count)"
        let headers = rd_kafka_headers_new(1)
        rd_kafka_header_add(headers, "correlation-id", -1, number, number.utf8.count)
        let sent = Clocks.monotonic
        let request = isStreamed ? Samples.streamedRequest : Samples.request
        let isQueued = request.withUnsafeBytes {
            producer.produce($0, to: World.requestTopic, headers: headers)
        }
        guard isQueued else {
            rd_kafka_headers_destroy(headers)
            return false
        }
        sentAt.append(sent)
        return true
    }

    private func take(_ record: borrowing RawRecord, _ recorder: inout LoadRecorder) {
        let now = Clocks.monotonic
        if readsEvents, record.topic == World.metricsTopic { return takeEvent(record) }
        guard let number = record.header("correlation-id").flatMap({ Int($0) }), number < sentAt.count else { return }
        if let status = record.header("x-relay-status"), status != "200" {
            refusal = "a request was answered with \(status): \(String(decoding: record.value, as: UTF8.self))"
        }
        // A streamed answer has come when its last record has.
        if isStreamed, record.header("x-relay-stream-end") == nil { return }
        answered += 1
        lastReply = now
        recorder.recordReply(sentAt: sentAt[number], now: now)
    }

    private func takeEvent(_ record: borrowing RawRecord) {
        guard let event = try? JSONDocument(parsing: Array(record.value)).root,
            let overhead = event["latency_ms"]?["overhead"]?.double
        else {
            refusal = "a routing event tells no overhead"
            return
        }
        overheads.append(overhead)
    }
}

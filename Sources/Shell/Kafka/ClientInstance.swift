import CRdKafka
import EventLoop
import Logging
import Time

/// One librdkafka client on the loop: its event queue, its logs, its calls that block, its end.
///
/// No callbacks: everything comes as events of one queue, which writes to an eventfd when it is no longer empty and is
/// served at least once a second besides (librdkafka measures `max.poll.interval.ms` by it).
@RequestPath
final class ClientInstance {
    let handle: ClientHandle
    /// Where rebalances, delivery reports, errors, statistics and commit results arrive.
    let queue: OpaquePointer
    /// Told each event but logs, which live until it returns.
    var onEvent: @RequestPath (OpaquePointer) -> Void = { _ in }
    /// Called after events were handled and freed, and once a second.
    var onServed: @RequestPath () -> Void = {}

    let joins = JoinGroupWatch()

    private let logger: Logger
    private let tokens: KafkaTokenSource?
    private var isRefreshingToken = false
    private var wakeUp: EventDescriptor?
    private var timer: LoopTimer?
    private var callsInFlight = 0
    private var onLastCallReturned: (@RequestPath () -> Void)?

    private static let eventsPerTurn = 512
    /// What an eventfd is written: the number one in eight bytes.
    private static let wakeUpPayload: UInt64 = 1

    init(_ configuration: consuming KafkaClientConfiguration, role: KafkaClientConfiguration.Role, logger: Logger)
        throws(KafkaError)
    {
        let events =
            switch role {
            case .consumer:
                RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
                    | RD_KAFKA_EVENT_LOG
            case .producer:
                RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG
            }
        tokens = configuration.tokens
        handle = try configuration.makeClient(events: events, joins: joins)
        self.logger = logger
        switch role {
        case .consumer:
            rd_kafka_poll_set_consumer(handle.raw)
            queue = rd_kafka_queue_get_consumer(handle.raw)
        case .producer:
            queue = rd_kafka_queue_get_main(handle.raw)
        }
        rd_kafka_set_log_queue(handle.raw, queue)
        wakeUp = Self.watch(queue) { [weak self] in self?.serve() }
        timer = EventLoop.shared.repeating(every: .seconds(1)) { [weak self] in self?.serve() }
    }

    /// Calls `handler` on the loop when `queue` stops being empty. What it holds already is not reported.
    static func watch(_ queue: OpaquePointer, handler: @escaping @RequestPath () -> Void) -> EventDescriptor {
        let wakeUp = EventLoop.shared.watchEvents(handler: handler)
        withUnsafeBytes(of: wakeUpPayload) { payload in
            rd_kafka_queue_io_event_enable(queue, wakeUp.descriptor, payload.baseAddress, payload.count)
        }
        return wakeUp
    }

    /// Must come before the queue is destroyed. librdkafka writes under the queue's lock, so not after this.
    static func unwatch(_ queue: OpaquePointer, _ wakeUp: EventDescriptor) {
        rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
        wakeUp.close()
    }

    /// Handles what the queue holds. A flood is handled in turns, so that the loop gets to its other work.
    func serve() {
        for _ in 0..<Self.eventsPerTurn {
            guard wakeUp != nil, let event = rd_kafka_queue_poll(queue, 0) else { return onServed() }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_LOG: log(event)
            case RD_KAFKA_EVENT_OAUTHBEARER_TOKEN_REFRESH: refreshToken()
            default: onEvent(event)
            }
            rd_kafka_event_destroy(event)
        }
        onServed()
        EventLoop.shared.post { self.serve() }
    }

    private func refreshToken() {
        guard let tokens, !isRefreshingToken else { return }
        isRefreshingToken = true
        RequestPath.task {
            let result: Result<KafkaTokenSource.Token, KafkaTokenSource.Failure>
            do throws(KafkaTokenSource.Failure) {
                result = .success(try await tokens.fetch())
            } catch {
                result = .failure(error)
            }
            self.isRefreshingToken = false
            self.adopt(result)
        }
    }

    /// The client may have been closed in the meantime.
    private func adopt(_ result: Result<KafkaTokenSource.Token, KafkaTokenSource.Failure>) {
        guard wakeUp != nil else { return }
        let problem: String? =
            switch result {
            case .success(let token): handle.setToken(token)
            case .failure(let failure): failure.message
            }
        guard let problem else { return }
        handle.setTokenFailure(problem)
        logger.warning("kafka token not refreshed", ["reason": .string(problem)], limitedBy: problem)
    }

    /// Runs `call` on a thread of its own; nil when it has not returned by `deadline`.
    func blocking<Value: Sendable>(until deadline: Instant, _ call: @escaping @Sendable (ClientHandle) -> Value) async
        -> Value?
    {
        callsInFlight += 1
        return await BlockingCall.run(until: deadline) { [handle] in
            call(handle)
        } onReturn: {
            self.callsInFlight -= 1
            if self.callsInFlight == 0 { self.onLastCallReturned?() }
        }
    }

    /// Destroys the client on another thread, after its last blocking call has returned; false when that did not
    /// happen by `deadline`. No event follows.
    func destroy(closingConsumer: Bool = false, deadline: Instant) async -> Bool {
        guard let wakeUp = wakeUp.take() else { return true }
        Self.unwatch(queue, wakeUp)
        timer?.cancel()
        await lastCallReturned(deadline: deadline)
        guard callsInFlight == 0 else { return false }  // its thread still uses the client: leaving it is all there is
        rd_kafka_queue_destroy(queue)
        let flags = closingConsumer ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE
        let isDestroyed: Void? = await BlockingCall.run(until: deadline) { [handle, joins] in
            rd_kafka_destroy_flags(handle.raw, flags)
            withExtendedLifetime(joins) {}  // librdkafka's threads have used it until here
        } onReturn: {
        }
        return isDestroyed != nil
    }

    private func lastCallReturned(deadline: Instant) async {
        guard callsInFlight > 0 else { return }
        let signal = Signal()
        onLastCallReturned = { signal.fire() }
        await signal.wait(until: deadline)
    }

    private func log(_ event: OpaquePointer) {
        var facility: UnsafePointer<CChar>?
        var text: UnsafePointer<CChar>?
        var level: Int32 = 0
        guard rd_kafka_event_log(event, &facility, &text, &level) == 0, let facility, let text else { return }
        let key = String(cString: facility)
        let fields: KeyValuePairs<String, Logger.Value> = [
            "facility": .string(key), "text": .string(String(cString: text)),
        ]
        // A broker that is away makes librdkafka repeat itself several times a second.
        switch level {  // syslog's
        case ...3: logger.error("kafka_client", fields, limitedBy: key)
        case 4: logger.warning("kafka_client", fields, limitedBy: key)
        case 5, 6: logger.info("kafka_client", fields, limitedBy: key)
        default: logger.debug("kafka_client", fields)
        }
    }
}

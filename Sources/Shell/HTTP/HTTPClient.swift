import CCurl
import CShims
public import EventLoop
public import Logging
import Time

/// Requests through libcurl on the event loop: HTTP/2 or HTTP/1.1, in shards by origin.
///
/// A request that may have reached the server is never sent again: see `SendingGuard`.
@RequestPath
public final class HTTPClient {
    /// Idle transfers kept for reuse: about 6 KB each.
    private static let keptTransfers = 1024

    /// How often it is looked for requests that libcurl lets wait beyond their time.
    static let reviewInterval = Duration.milliseconds(250)

    public let settings: Settings
    public private(set) var statistics = Statistics()

    /// Open now, those that are being set up included.
    public var openConnections: Int { sockets.openCount }

    private let loop = EventLoop.shared
    private let logger: Logger
    private let share: CurlShare
    private let sockets: CurlSockets
    /// Those with shards; few, since they come from the configuration.
    private var origins: [Origin] = []
    /// Those to run before the loop waits.
    private var scheduled: [CurlShard] = []
    private var running: [CurlShard] = []
    private var idleTransfers: [CurlTransfer] = []
    /// Nil once closed.
    private var hook: LoopHook?
    private var timers: [LoopTimer] = []

    public init(settings: Settings = Settings(), logger: Logger) {
        CurlLibrary.start()
        self.settings = settings
        self.logger = logger
        share = CurlShare()
        sockets = CurlSockets(loop, unacknowledgedTimeout: settings.unacknowledgedTimeout)
        hook = loop.beforeWait { [unowned self] in runScheduledShards() }
        timers = [
            loop.repeating(every: settings.idleTimeout) { [unowned self] in closeIdleShards() },
            loop.repeating(every: Self.reviewInterval) { [unowned self] in review() },
        ]
    }

    isolated deinit { close() }

    /// Sends `request` and returns its response, whatever the status. Throws `HTTPError` of kind `cancelled` when
    /// the task is cancelled; the transfer is then aborted.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        try await response(of: begin(request))
    }

    /// Starts `request`, of which nothing is needed any more afterwards: while its response is waited for, the transfer's
    /// copy is the only one. `response(of:)` must follow at once.
    public func begin(_ request: HTTPRequest) throws(HTTPError) -> HTTPExchange {
        let transfer = try takeTransfer()
        transfer.start(request, on: shard(for: request), now: loop.now)
        return HTTPExchange(transfer: transfer)
    }

    /// What `send` returns and throws.
    public func response(of exchange: HTTPExchange) async throws(HTTPError) -> HTTPResponse {
        let transfer = exchange.transfer
        let use = transfer.use
        let outcome = await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: a transfer gives its continuation away once.
            await withUnsafeContinuation { transfer.wait($0) }
        } onCancel: {
            // Runs on the canceller's thread; may arrive after the end.
            loop.post { transfer.cancel(use) }
        }
        ended(transfer, outcome)
        return try outcome.get()
    }

    /// A transfer for one more exchange, which `ended` takes back.
    func takeTransfer() throws(HTTPError) -> CurlTransfer {
        guard hook != nil else { throw Self.closedError }
        guard !Task.isCancelled else { throw CurlTransfer.cancellation }
        statistics.requests += 1
        statistics.inFlight += 1
        return idleTransfers.popLast() ?? CurlTransfer(settings: settings, share: share, sockets: sockets)
    }

    func ended(_ transfer: CurlTransfer, _ outcome: CurlTransfer.Outcome) {
        statistics.inFlight -= 1
        if let traffic = transfer.traffic { statistics.count(traffic) }
        if case .failure(let error) = outcome { statistics.count(error) }
        recycle(transfer)
    }

    /// Aborts all transfers and closes all connections. Requests sent later fail as cancelled.
    public func close() {
        guard let hook = hook.take() else { return }
        hook.cancel()
        for timer in timers { timer.cancel() }
        for shard in origins.flatMap(\.shards) { shard.close(Self.closedError) }
        origins = []
        scheduled = []
        idleTransfers = []
    }

    private static let closedError = HTTPError(.cancelled, message: "The HTTP client is closed")

    private func recycle(_ transfer: CurlTransfer) {
        let isFull = idleTransfers.count >= Self.keptTransfers
        guard hook != nil, !isFull, transfer.isReusable else { return }
        transfer.recycle()
        idleTransfers.append(transfer)
    }
}

// MARK: Shards

extension HTTPClient {
    /// Those of streams are kept apart.
    func shard(for request: HTTPRequest, isStream: Bool = false) -> CurlShard {
        let origin = origin(of: request.url.text, isStream: isStream)
        if let shard = origin.shardWithRoom { return shard }
        let shard = CurlShard(
            client: self, origin: origin, sockets: sockets, loop: loop, connections: settings.connectionsPerShard)
        origin.add(shard)
        logger.debug("http shard added", ["shards": .integer(origin.shards.count)])
        return shard
    }

    private func origin(of url: String, isStream: Bool) -> Origin {
        var url = url
        return url.withUTF8 { url in
            if let origin = origins.first(where: { $0.isForStreams == isStream && $0.serves(url) }) { return origin }
            let origin = Origin(of: url, isForStreams: isStream, settings: settings)
            origins.append(origin)
            return origin
        }
    }

    /// Has `shard` run before the loop waits.
    func schedule(_ shard: CurlShard) { scheduled.append(shard) }

    /// Whether there was any to run. Running one may start and end transfers, which schedules shards again.
    private func runScheduledShards() -> Bool {
        guard !scheduled.isEmpty else { return false }
        swap(&scheduled, &running)
        for shard in running { shard.run() }
        running.removeAll(keepingCapacity: true)
        return true
    }

    func transferEnded(_ transfer: CurlTransfer, _ code: CURLcode) {
        guard let shard = transfer.shard else { return }
        let outcome = transfer.outcome(code)
        transfer.finish(outcome)
        switch outcome {
        case .success: shard.origin.learn(transfer.spoken)
        case .failure(let error):
            if shard.origin.mayShareConnections && isAboutConnecting(error, transfer) { shard.failUnsent(error) }
        }
    }

    private func isAboutConnecting(_ error: HTTPError, _ transfer: CurlTransfer) -> Bool {
        switch error.kind {
        case .connect: true
        case .timeout: !transfer.wasSent && !transfer.isTimeUp(loop.now)
        case .connectionLost, .truncated, .tooLarge, .cancelled, .invalidRequest: false
        }
    }

    private func review() {
        let now = loop.now
        for shard in origins.flatMap(\.shards) { shard.review(now: now) }
    }

    /// libcurl looks at idle connections only when it needs one, so a shard that nobody uses any more would keep
    /// connections that the server has closed long ago.
    private func closeIdleShards() {
        let limit = loop.now.advanced(by: .zero - settings.idleTimeout)
        for origin in origins {
            for shard in origin.removeShards(where: { $0.transfers.isEmpty && $0.idleSince <= limit }) {
                scheduled.removeAll { $0 === shard }
                shard.close(Self.closedError)
            }
        }
        origins.removeAll { $0.shards.isEmpty }
    }
}

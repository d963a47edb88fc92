import CCurl
import CShims
public import EventLoop
public import Logging
import Time

/// Requests through libcurl on the event loop, in shards of at most `connectionsPerShard` connections.
///
/// **A request may reach the server twice.** When a reused connection dies before the first byte of a response, libcurl
/// sends the request again on a fresh connection by itself, also if the server had read all of it; there is no option
/// against that short of giving up connection reuse. `Statistics.resent` counts it.
@RequestPath
public final class HTTPClient {
    /// Idle transfers kept for reuse: about 6 KB each.
    private static let keptTransfers = 1024

    public let settings: Settings
    public private(set) var statistics = Statistics()

    private let loop = EventLoop.shared
    private let logger: Logger
    private let share: CurlShare
    private let sockets: CurlSockets
    /// The first with room serves a request: connections at the front stay warm, shards at the back fall idle and go.
    private var shards: [CurlShard] = []
    /// Those to run before the loop waits.
    private var scheduled: [CurlShard] = []
    private var running: [CurlShard] = []
    private var idleTransfers: [CurlTransfer] = []
    /// Nil once closed.
    private var hook: LoopHook?
    private var shardReview: LoopTimer?

    public init(settings: Settings = Settings(), logger: Logger) {
        CurlLibrary.start()
        self.settings = settings
        self.logger = logger
        share = CurlShare()
        sockets = CurlSockets(loop)
        hook = loop.beforeWait { [unowned self] in runScheduledShards() }
        shardReview = loop.repeating(every: settings.idleTimeout) { [unowned self] in closeIdleShards() }
    }

    isolated deinit { close() }

    /// Sends `request` and returns its response, whatever the status. Throws `HTTPError` of kind `cancelled` when
    /// the task is cancelled; the transfer is then aborted.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse {
        let transfer = try takeTransfer()
        let use = transfer.use
        let outcome = await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: a transfer gives its continuation away once.
            await withUnsafeContinuation { transfer.start(request, on: shardWithRoom(), $0) }
        } onCancel: {
            // Runs on the canceller's thread; may arrive before the start and after the end.
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
        if case .failure(let error) = outcome { statistics.count(error) }
        recycle(transfer)
    }

    /// Aborts all transfers and closes all connections. Requests sent later fail as cancelled.
    public func close() {
        guard let hook = hook.take() else { return }
        hook.cancel()
        shardReview?.cancel()
        for shard in shards { shard.close(Self.closedError) }
        shards = []
        scheduled = []
        idleTransfers = []
    }

    private static let closedError = HTTPError(.cancelled, message: "The HTTP client is closed")

    private func recycle(_ transfer: CurlTransfer) {
        transfer.recycle()
        if hook != nil && idleTransfers.count < Self.keptTransfers { idleTransfers.append(transfer) }
    }
}

// MARK: Shards

extension HTTPClient {
    func shardWithRoom() -> CurlShard {
        if let shard = shards.first(where: { $0.transfers.count < settings.connectionsPerShard }) { return shard }
        let shard = CurlShard(
            client: self, sockets: sockets, loop: loop, connections: settings.connectionsPerShard)
        shards.append(shard)
        logger.debug("http shard added", ["shards": .integer(shards.count)])
        return shard
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
        statistics.count(transfer.traffic())
        transfer.finish(transfer.outcome(code))
    }

    /// libcurl looks at idle connections only when it needs one, so a shard that nobody uses any more would keep
    /// connections that the server has closed long ago.
    private func closeIdleShards() {
        let limit = loop.now.advanced(by: .zero - settings.idleTimeout)
        shards.removeAll { shard in
            guard shard.transfers.isEmpty && shard.idleSince <= limit else { return false }
            scheduled.removeAll { $0 === shard }
            shard.close(Self.closedError)
            return true
        }
    }
}

public import EventLoop
import Time

/// A response whose body is read while it comes.
///
/// Who does not read slows the server down, and nobody else: what arrives is bounded, and then the connection is not read
/// from. Letting the stream go before its end aborts the transfer.
@RequestPath
public final class HTTPStream {
    private let body: StreamedBody
    private let transfer: CurlTransfer
    private let use: CurlTransfer.Use
    private let loop = EventLoop.shared
    private let idleTimeout: Duration?
    private var idleTimer: LoopTimer?
    /// When the present wait began; nil: nobody waits.
    private var waitStart: Instant?

    init(_ body: StreamedBody, _ transfer: CurlTransfer, idleTimeout: Duration?) {
        self.body = body
        self.transfer = transfer
        self.idleTimeout = idleTimeout
        use = transfer.use
    }

    isolated deinit { cancel() }

    public var status: Int { body.status }
    public var headers: HTTPHeaders { body.headers }

    /// The bytes that have arrived since the last call, at least one; suspends until there are some. Nil at the body's
    /// end. Throws when the connection breaks before that, and `cancelled` when the task is.
    public func next() async throws(HTTPError) -> [UInt8]? {
        try await untilReady()
        let bytes = body.takeBytes()
        if body.isPaused {
            body.resume()
            transfer.resume(use)
        }
        if !bytes.isEmpty { return bytes }
        try body.outcome?.get()
        return nil
    }

    /// The rest of the body in one piece, and of a longer one its first `limit` bytes.
    public func rest(limit: Int) async throws(HTTPError) -> [UInt8] {
        var rest: [UInt8] = []
        while rest.count < limit, let bytes = try await next() { rest += bytes }
        cancel()
        return Array(rest.prefix(limit))
    }

    /// Aborts the transfer, unless it has ended.
    public func cancel() {
        idleTimer?.cancel()
        transfer.cancel(use)
    }

    /// Suspends until the head has come: with the first bytes of the body, or with its end.
    func untilBegun() async throws(HTTPError) {
        try await untilReady()
        if body.bytes.isEmpty { try body.outcome?.get() }
    }

    private func untilReady() async throws(HTTPError) {
        if Task.isCancelled {
            cancel()
            throw CurlTransfer.cancellation
        }
        guard !body.isReady else { return }
        startIdleTimer()
        await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: the body gives its waiter away once.
            await withUnsafeContinuation { body.wait($0) }
        } onCancel: {
            // Runs on the canceller's thread, and may arrive after the end.
            EventLoop.shared.post { [transfer, use] in transfer.cancel(use) }
        }
        waitStart = nil
    }

    /// One timer serves all waits: it looks when it fires whether the wait it was set for is still on.
    private func startIdleTimer() {
        guard let idleTimeout else { return }
        let now = loop.now
        waitStart = now
        if let idleTimer {
            if !idleTimer.isPending { idleTimer.move(to: now.advanced(by: idleTimeout)) }
        } else {
            idleTimer = loop.schedule(at: now.advanced(by: idleTimeout)) { [weak self] in self?.idleTimerFired() }
        }
    }

    private func idleTimerFired() {
        guard let idleTimeout, let waitStart else { return }
        let end = waitStart.advanced(by: idleTimeout)
        if loop.now < end {
            idleTimer?.move(to: end)
        } else {
            transfer.end(use, with: HTTPError(.timeout, message: "Nothing arrived for \(idleTimeout)"))
        }
    }
}

public import EventLoop
import Time

/// A response whose body is read while it comes.
///
/// Over HTTP/1.1, who does not read slows the server down, and nobody else: some is kept, then the connection is not read
/// from. Over HTTP/2 that would hold up its other streams, so everything is kept, and the exchange fails as `tooLarge`
/// when more waits than a whole response may have: read on, whatever else has to wait. Letting the stream go before its
/// end aborts the transfer.
@RequestPath
public final class HTTPStream {
    private let body: StreamedBody
    private let transfer: CurlTransfer
    private let use: CurlTransfer.Use
    private let loop = EventLoop.shared
    private let idleTimeout: Duration?
    private let deadline: Instant
    /// For both.
    private var timer: LoopTimer?
    /// When the present wait began; nil: nobody waits.
    private var waitStart: Instant?

    init(_ body: StreamedBody, _ transfer: CurlTransfer, idleTimeout: Duration?, deadline: Instant) {
        self.body = body
        self.transfer = transfer
        self.idleTimeout = idleTimeout
        self.deadline = deadline
        use = transfer.use
    }

    isolated deinit { cancel() }

    public var status: Int { body.status }
    public var headers: HTTPHeaders { body.headers }
    /// Whether not reading slows the server down.
    public var isPausable: Bool { body.isPausable }

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
        timer?.cancel()
        transfer.cancel(use)
    }

    /// Suspends until the head has come: with the first bytes of the body, or with its end.
    public func untilBegun() async throws(HTTPError) {
        try await untilReady()
        if body.bytes.isEmpty { try body.outcome?.get() }
    }

    private func untilReady() async throws(HTTPError) {
        if Task.isCancelled {
            cancel()
            throw CurlTransfer.cancellation
        }
        guard !body.isReady else { return }
        startTimer()
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
    private func startTimer() {
        waitStart = loop.now
        let end = waitEnd(from: loop.now)
        if let timer {
            if !timer.isPending { timer.move(to: end) }
        } else {
            timer = loop.schedule(at: end) { [weak self] in self?.timerFired() }
        }
    }

    private func waitEnd(from start: Instant) -> Instant {
        idleTimeout.map { min(start.advanced(by: $0), deadline) } ?? deadline
    }

    private func timerFired() {
        guard let waitStart else { return }
        let end = waitEnd(from: waitStart)
        if loop.now < end {
            timer?.move(to: end)
        } else if end < deadline, let idleTimeout {
            transfer.end(use, with: HTTPError(.timeout, message: "Nothing arrived for \(idleTimeout)"))
        } else {
            transfer.end(use, with: HTTPError(.timeout, message: "The response was not complete in time"))
        }
    }
}

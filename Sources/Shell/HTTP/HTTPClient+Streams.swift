import EventLoop

extension HTTPClient {
    /// How much later than ours libcurl's limit for a whole stream is.
    private static let streamTimeoutExtension = Duration.seconds(5)

    /// Sends `request` and returns when its response's head and the first bytes of its body are there.
    ///
    /// `request.timeout` bounds the whole exchange, `idleTimeout` each wait for bytes, the first included: time in which
    /// nobody reads does not count.
    public func stream(_ request: HTTPRequest, idleTimeout: Duration? = nil) async throws(HTTPError) -> HTTPStream {
        let stream = try beginStream(request, idleTimeout: idleTimeout)
        try await stream.untilBegun()
        return stream
    }

    /// Starts `request`, of which nothing is needed any more afterwards; `untilBegun` must follow at once.
    public func beginStream(_ request: HTTPRequest, idleTimeout: Duration? = nil) throws(HTTPError) -> HTTPStream {
        let transfer = try takeTransfer()
        let body = StreamedBody(limit: settings.maximumBodySize)
        let now = EventLoop.shared.now
        let stream = HTTPStream(
            body, transfer, idleTimeout: idleTimeout, deadline: now.advanced(by: request.timeout))
        // A stream that libcurl ends stays open at the server: see `CurlTransfer.abort`. Nobody may wait for it, though.
        var request = request
        request.timeout += Self.streamTimeoutExtension
        transfer.start(request, on: shard(for: request, isStream: true), now: now, into: body) {
            [weak self] outcome in
            self?.ended(transfer, outcome)
            body.end(outcome)
        }
        return stream
    }
}

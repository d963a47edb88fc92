import EventLoop

extension HTTPClient {
    /// Sends `request` and returns when its response's head and the first bytes of its body are there.
    ///
    /// `request.timeout` bounds the whole exchange, `idleTimeout` each wait for bytes, the first included: time in which
    /// nobody reads does not count.
    public func stream(_ request: HTTPRequest, idleTimeout: Duration? = nil) async throws(HTTPError) -> HTTPStream {
        let transfer = try takeTransfer()
        let body = StreamedBody()
        let stream = HTTPStream(body, transfer, idleTimeout: idleTimeout)
        transfer.start(request, on: shard(for: request, isStream: true), now: EventLoop.shared.now, into: body) { [weak self] outcome in
            self?.ended(transfer, outcome)
            body.end(outcome)
        }
        try await stream.untilBegun()
        return stream
    }
}

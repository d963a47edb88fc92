/// Decides whether libcurl may send a request once more by itself.
///
/// When a connection that has served others dies before the first byte of a response, libcurl sends the request again on
/// a fresh one, also if the server had read all of it: a model call would be made, and paid, twice, and nobody told. Over
/// HTTP/2 that would happen to everything under way on the connection. So a repetition is allowed only when it is known
/// that the server has done nothing; otherwise the exchange fails as `connectionLost`, and the caller decides.
struct SendingGuard {
    /// Repetitions that were allowed.
    private(set) var repetitions = 0
    private(set) var hasPrevented = false
    private(set) var haveBegun = false

    /// Called before every sending.
    ///
    /// - Parameters:
    ///   - wasSent: some of the request had been written before.
    ///   - isMultiplexed: it was written to an HTTP/2 connection.
    ///   - hasFailed: libcurl has met an error. It meets none when an HTTP/2 server refuses a stream or announces
    ///     (GOAWAY) that it has not begun with it, which are its other reasons for a repetition.
    mutating func allows(wasSent: Bool, isMultiplexed: Bool, hasFailed: Bool) -> Bool {
        guard haveBegun else {
            haveBegun = true
            return true
        }
        guard !wasSent || (isMultiplexed && !hasFailed) else {
            hasPrevented = true
            return false
        }
        repetitions += 1
        return true
    }

    static let error = HTTPError(
        .connectionLost,
        message: "The connection was lost before a response came; the server may have processed the request")
}

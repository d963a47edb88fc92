/// What is to happen to a connection because of one request. The answer's bytes, if any, are written already.
struct Reaction {
    /// Nanoseconds to wait before the answer.
    var delay: Int64 = 0
    /// No answer for as long as the client waits.
    var hangs = false
    var ending = Ending.keepAlive
    /// What follows the head that is written, event by event.
    var stream: StreamPlay?

    /// What becomes of the connection after the answer.
    enum Ending {
        case keepAlive, close, reset
    }
}

extension Reaction {
    init(_ step: ModelScript.Step, latency: Duration, closes: Bool) {
        delay = latency.nanoseconds
        switch step {
        case .hang: hangs = true
        case .streamFault: ending = closes ? .close : .keepAlive
        case .reset, .resetMidBody: ending = .reset
        case .truncatedBody: ending = .close
        case .answer, .malformedBody, .emptyBody, .htmlBody: ending = closes ? .close : .keepAlive
        }
    }
}

import EventLoop
import Testing
import Time

/// Lets a test wait for a condition that is looked at again whenever something changed; no sleeps, no polling.
@RequestPath
final class Changes {
    private var waiters: [Int: (isMet: @RequestPath () -> Bool, continuation: UnsafeContinuation<Void, Never>)] = [:]
    private var lastWaiter = 0

    func note() {
        for (id, waiter) in waiters where waiter.isMet() {
            waiters[id] = nil
            waiter.continuation.resume()
        }
    }

    /// Records an issue when the condition is not met in time: generous, for machines under load.
    func wait(
        for what: String, sourceLocation: SourceLocation = #_sourceLocation, _ isMet: @escaping @RequestPath () -> Bool
    ) async {
        if isMet() { return }
        lastWaiter += 1
        let id = lastWaiter
        var isLate = false
        let timer = EventLoop.shared.schedule(at: .soon(40)) {
            isLate = true
            self.waiters.removeValue(forKey: id)?.continuation.resume()
        }
        await withUnsafeContinuation { waiters[id] = (isMet, $0) }
        timer.cancel()
        if isLate { Issue.record("never came: \(what)", sourceLocation: sourceLocation) }
    }
}

extension Instant {
    static func soon(_ seconds: Int = 20) -> Instant { EventLoop.shared.now.advanced(by: .seconds(seconds)) }
}

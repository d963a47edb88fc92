import EventLoop
import Time

/// Something that tasks on the loop wait for, each no longer than its deadline. Stays fired.
@RequestPath
final class Signal {
    private(set) var isFired = false
    private var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
    private var lastWaiter = 0

    func fire() {
        isFired = true
        for (_, waiter) in waiters { waiter.resume() }
        waiters = [:]
    }

    /// True when fired, false when `deadline` came first.
    @discardableResult
    func wait(until deadline: Instant) async -> Bool {
        if isFired { return true }
        lastWaiter += 1
        let waiter = lastWaiter
        let timer = EventLoop.shared.schedule(at: deadline) { self.waiters.removeValue(forKey: waiter)?.resume() }
        await withUnsafeContinuation { waiters[waiter] = $0 }
        timer.cancel()
        return isFired
    }
}

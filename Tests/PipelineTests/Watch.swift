import EventLoop

/// Suspends until a condition holds that is looked at after every change.
@RequestPath
final class Watch {
    private var waiters: [(isMet: @RequestPath () -> Bool, continuation: CheckedContinuation<Void, Never>)] = []

    nonisolated init() {}

    func until(_ isMet: @escaping @RequestPath () -> Bool) async {
        guard !isMet() else { return }
        await withCheckedContinuation { waiters.append((isMet, $0)) }
    }

    func note() {
        let ready = waiters.filter { $0.isMet() }
        waiters.removeAll { $0.isMet() }
        for waiter in ready { waiter.continuation.resume() }
    }
}

import EventLoop
import Threads
import Time

/// A C call that may block, on a thread of its own, awaited on the loop until a deadline.
///
/// Such calls are rare (committed positions, metadata, destruction): a thread each is simpler than a pool, and one
/// that hangs holds up no other.
@RequestPath
final class BlockingCall<Value: Sendable> {
    private var continuation: UnsafeContinuation<Value?, Never>?
    private var timer: LoopTimer?

    /// The call's value; nil when `deadline` passed first. `onReturn` is called on the loop when the call returns, be
    /// it late.
    static func run(
        until deadline: Instant, _ call: @escaping @Sendable () -> Value, onReturn: @escaping @RequestPath () -> Void
    ) async -> Value? {
        let waiter = BlockingCall()
        return await withUnsafeContinuation { continuation in
            waiter.continuation = continuation
            waiter.timer = EventLoop.shared.schedule(at: deadline) { waiter.resume(nil) }
            ServiceThread.start(name: "kafka-call") {
                let value = call()
                EventLoop.shared.post {
                    onReturn()
                    waiter.resume(value)
                }
            }
        }
    }

    /// Resumes once: the later of value and deadline finds no continuation.
    private func resume(_ value: Value?) {
        timer?.cancel()
        timer = nil
        continuation.take()?.resume(returning: value)
    }
}

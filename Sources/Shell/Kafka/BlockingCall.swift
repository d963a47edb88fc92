import EventLoop
import Glibc
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
            let isStarted = startThread {
                let value = call()
                EventLoop.shared.post {
                    onReturn()
                    waiter.resume(value)
                }
            }
            if !isStarted {
                onReturn()
                waiter.resume(nil)
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

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// False when the system has no thread to give.
private func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(ThreadBody(body))
    let failure = pthread_create(
        &thread, nil,
        { argument in
            // pthread_create hands over the pointer below, which is not null and retained for this thread.
            Unmanaged<ThreadBody>.fromOpaque(argument!).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    guard failure == 0 else {
        argument.release()
        return false
    }
    pthread_detach(thread)
    return true
}

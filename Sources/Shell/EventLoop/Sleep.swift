public import Time

/// A task that sleeps on the loop.
@RequestPath
private final class Sleeper {
    private var timer: LoopTimer?
    /// Nil before the task is suspended and after it was resumed.
    private var continuation: UnsafeContinuation<Void, Never>?
    private(set) var isCancelled = false

    func sleep(on loop: EventLoop, until instant: Instant, _ continuation: UnsafeContinuation<Void, Never>) {
        self.continuation = continuation
        timer = loop.schedule(at: instant) { self.wake() }
    }

    func cancel() {
        guard continuation != nil else { return }
        isCancelled = true
        timer?.cancel()
        wake()
    }

    private func wake() {
        timer = nil
        continuation.take()?.resume()
    }
}

extension EventLoop {
    /// Suspends the calling task until `instant`. Throws `CancellationError` when the task is cancelled.
    @RequestPath public func sleep(until instant: Instant) async throws(CancellationError) {
        let sleeper = Sleeper()
        await withTaskCancellationHandler {
            // Resumed exactly once: `wake` takes the continuation out.
            await withUnsafeContinuation { sleeper.sleep(on: self, until: instant, $0) }
        } onCancel: {
            // Runs on the canceller's thread. The post cannot overtake the start of the sleep: this task holds the loop
            // from before the handler is set until it is suspended.
            post { sleeper.cancel() }
        }
        if sleeper.isCancelled { throw CancellationError() }
    }
}

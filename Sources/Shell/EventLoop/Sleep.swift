public import Time

/// A task that sleeps on the loop.
///
/// Its cancellation is posted by whichever thread cancels, so it may arrive before the sleep begins and after it ends.
@RequestPath
private final class Sleeper {
    private enum State {
        /// Left when the task suspends.
        case awake
        /// Left when the timer fires or the task is cancelled.
        case asleep(LoopTimer, UnsafeContinuation<Void, Never>)
        case woken
        case cancelled
    }

    private var state = State.awake

    var isCancelled: Bool {
        if case .cancelled = state { true } else { false }
    }

    func sleep(on loop: EventLoop, until instant: Instant, _ continuation: UnsafeContinuation<Void, Never>) {
        if isCancelled { return continuation.resume() }
        state = .asleep(loop.schedule(at: instant) { self.end(as: .woken) }, continuation)
    }

    func cancel() {
        switch state {
        case .awake: state = .cancelled
        case .asleep(let timer, _):
            timer.cancel()
            end(as: .cancelled)
        case .woken, .cancelled: break
        }
    }

    private func end(as end: State) {
        guard case .asleep(_, let continuation) = state else { return }
        state = end
        continuation.resume()
    }
}

extension EventLoop {
    /// Suspends the calling task until `instant`. Throws `CancellationError` when the task is cancelled.
    @RequestPath public func sleep(until instant: Instant) async throws(CancellationError) {
        let sleeper = Sleeper()
        await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: `Sleeper.State` sees to it.
            await withUnsafeContinuation { sleeper.sleep(on: self, until: instant, $0) }
        } onCancel: {
            post { sleeper.cancel() }
        }
        if sleeper.isCancelled { throw CancellationError() }
    }
}

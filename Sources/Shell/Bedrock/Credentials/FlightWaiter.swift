import EventLoop
import Time

/// A task that waits for a flight to end, no longer than its deadline or its cancellation.
///
/// Cancellation is posted by whichever thread cancels, so it may come before the wait begins.
@RequestPath
final class FlightWaiter {
    private enum State {
        /// Left when the task suspends, or when it is cancelled before.
        case idle
        /// Left when the flight ends, the time is over, or the task is cancelled.
        case waiting(LoopTimer, UnsafeContinuation<Void, Never>)
        case ended
    }

    private var state = State.idle

    func wait(for timeout: Duration) async {
        let loop = EventLoop.shared
        await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: `State` sees to it.
            await withUnsafeContinuation { continuation in
                guard case .idle = state else { return continuation.resume() }
                let timer = loop.schedule(at: loop.now.advanced(by: timeout)) { self.end() }
                state = .waiting(timer, continuation)
            }
        } onCancel: {
            loop.post { self.end() }
        }
    }

    func end() {
        let previous = state
        state = .ended
        guard case .waiting(let timer, let continuation) = previous else { return }
        timer.cancel()
        continuation.resume()
    }
}

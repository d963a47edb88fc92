public import Time

/// The actor that everything mutable on the request path belongs to. Its executor is the process's event loop,
/// so code isolated to it runs on one thread, needs no lock, and calls between its functions are plain calls.
@globalActor
public actor RequestPath {
    public static let shared = RequestPath()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }
}

/// The request path's one thread: an epoll loop with timers that is also a Swift executor.
public final class EventLoop: SerialExecutor, TaskExecutor, Sendable {
    /// Started on first use; lives as long as the process.
    public static let shared = EventLoop()

    public func enqueue(_ job: consuming ExecutorJob) { fatalError("skeleton") }

    /// Runs `work` on the loop's thread; callable from any thread, C callbacks included.
    public func post(_ work: @escaping @Sendable @RequestPath () -> Void) { fatalError("skeleton") }

    /// The current instant; callable from any thread.
    public var now: Instant { fatalError("skeleton") }

    /// When the loop last came round; a loop that is wedged stops moving it. Callable from any thread.
    public var lastTurn: Instant { fatalError("skeleton") }
}

extension EventLoop {
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let readable = Readiness(rawValue: 1)
        public static let writable = Readiness(rawValue: 2)
        /// The peer closed or the descriptor failed.
        public static let hangUp = Readiness(rawValue: 4)
    }

    /// Identifies one watched descriptor.
    public struct Watch: Hashable, Sendable {}

    /// Calls `handler` on the loop whenever `descriptor` is ready (level-triggered) until unwatched.
    @RequestPath
    public func watch(
        _ descriptor: Int32, for interest: Readiness, handler: @escaping @RequestPath (Readiness) -> Void
    ) -> Watch { fatalError("skeleton") }
    @RequestPath public func change(_ watch: Watch, to interest: Readiness) { fatalError("skeleton") }
    /// Must come before the descriptor is closed. No call of the handler follows.
    @RequestPath public func unwatch(_ watch: Watch) { fatalError("skeleton") }

    /// An event descriptor that another thread's C library may write to; reads are drained before `handler` runs.
    @RequestPath
    public func watchEvents(handler: @escaping @RequestPath () -> Void) -> EventDescriptor { fatalError("skeleton") }

    /// Calls `action` once at or soon after `instant`.
    @RequestPath
    public func schedule(at instant: Instant, _ action: @escaping @RequestPath () -> Void) -> LoopTimer {
        fatalError("skeleton")
    }
    /// Calls `action` every `interval` until cancelled.
    @RequestPath
    public func repeating(every interval: Duration, _ action: @escaping @RequestPath () -> Void) -> LoopTimer {
        fatalError("skeleton")
    }

    /// Suspends the calling task until `instant`. Throws `CancellationError` when the task is cancelled.
    @RequestPath public func sleep(until instant: Instant) async throws(CancellationError) { fatalError("skeleton") }

    /// Runs before every wait, again and again until no handler returns true (made progress).
    @RequestPath public func beforeWait(_ handler: @escaping @RequestPath () -> Bool) { fatalError("skeleton") }
}

/// A scheduled action.
@RequestPath
public final class LoopTimer {
    public func cancel() { fatalError("skeleton") }
}

/// An eventfd on the loop.
@RequestPath
public final class EventDescriptor {
    /// What C libraries write eight bytes to.
    public nonisolated let descriptor: Int32 = -1
    public func close() { fatalError("skeleton") }
}

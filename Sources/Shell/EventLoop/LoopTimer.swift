public import Time

/// A scheduled action. It happens whether or not anyone keeps the timer: only `cancel` stops it.
@RequestPath
public final class LoopTimer {
    private let loop: EventLoop
    private let action: @RequestPath () -> Void
    private let interval: Duration?
    /// When it is due, or was last.
    public private(set) var deadline: Instant
    /// Its place among the loop's timers; nil when it has fired or was cancelled.
    private var id: TimerHeap<LoopTimer>.ID?

    init(_ loop: EventLoop, deadline: Instant, interval: Duration?, action: @escaping @RequestPath () -> Void) {
        self.loop = loop
        self.action = action
        self.interval = interval
        self.deadline = deadline
        start()
    }

    private func start() {
        // A past deadline counts as now: otherwise actions that schedule one for the past would always come first.
        id = loop.timers.insert(self, deadline: max(deadline, loop.now))
    }

    /// Whether the action is still to come.
    public var isPending: Bool { id != nil }

    /// No call of the action follows, unless the timer is moved.
    public func cancel() {
        guard let id else { return }
        loop.timers.remove(id)
        self.id = nil
    }

    /// Makes the action happen at `instant` instead; also when it has happened or was cancelled before. Costs no
    /// allocation, which is why a deadline that moves often keeps one timer.
    public func move(to instant: Instant) {
        cancel()
        deadline = instant
        start()
    }

    /// Called when the loop has taken the timer out.
    func fire(now: Instant) {
        id = nil
        if let interval {
            // A loop that is late skips what it missed instead of firing a burst.
            let next = deadline.advanced(by: interval)
            move(to: next > now ? next : now.advanced(by: interval))
        }
        action()
    }
}

extension EventLoop {
    /// Calls `action` once at or soon after `instant`.
    @RequestPath @discardableResult
    public func schedule(at instant: Instant, _ action: @escaping @RequestPath () -> Void) -> LoopTimer {
        LoopTimer(self, deadline: instant, interval: nil, action: action)
    }

    /// Calls `action` every `interval` until cancelled.
    @RequestPath @discardableResult
    public func repeating(every interval: Duration, _ action: @escaping @RequestPath () -> Void) -> LoopTimer {
        precondition(interval > .zero, "a repeating timer needs an interval")
        return LoopTimer(self, deadline: now.advanced(by: interval), interval: interval, action: action)
    }
}

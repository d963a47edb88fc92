import CShims
import Glibc
import Synchronization
public import Time

/// The request path's one thread: an epoll loop with timers that is also a Swift executor.
///
/// A task started with `RequestPath.task` that suspends and is resumed by code on the loop never leaves the thread, so a
/// request costs no thread hop and no lock. Nothing on the loop may block: whatever can, runs elsewhere and posts back.
public final class EventLoop: SerialExecutor, Sendable {
    /// Started on first use; lives as long as the process.
    public static let shared = EventLoop()

    /// Work from other threads. Whoever adds some while the loop waits also wakes it.
    private struct Inbox {
        var work: [LoopWork] = []
        var isLoopWaiting = false
    }

    /// How much work runs before timers get their turn, and how often that repeats before descriptors get theirs:
    /// large enough that epoll_wait's cost is shared, small enough that nothing waits longer than a few milliseconds.
    private static let workPerPass = 256
    private static let passesPerTurn = 8

    /// An idle loop comes round this often, so that `lastTurn` tells idle from wedged.
    private static let longestWait: Int64 = 1_000_000_000

    private let time = SystemTime()
    private let wakeUp: Int32
    private let inbox = Mutex(Inbox())
    /// The loop's `pthread_self()`; 0 until its thread has started.
    private let thread = Atomic<UInt>(0)
    private let lastTurnNanoseconds: Atomic<Int64>

    /// Work added on the loop's own thread. Unsafe because `enqueue` is not isolated: every access is behind
    /// `isCurrent`, or in code isolated to the loop, so only the loop's thread touches it.
    nonisolated(unsafe) private var ready = WorkQueue()
    @RequestPath private var arrived: [LoopWork] = []
    @RequestPath private var hooks: [LoopHook] = []
    @RequestPath var timers = TimerHeap<LoopTimer>()
    @RequestPath let watches: WatchTable

    private init() {
        lastTurnNanoseconds = Atomic(time.now.nanoseconds)
        watches = WatchTable()
        wakeUp = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(wakeUp >= 0, "the event loop needs an eventfd")
        watches.addWakeUp(wakeUp)
        start()
    }

    private func start() {
        var thread = pthread_t()
        // The loop lives as long as the process, so the reference the thread holds is never given back.
        let failure = pthread_create(
            &thread, nil,
            { loop in
                // pthread_create hands over exactly the pointer given to it, which is not null.
                Unmanaged<EventLoop>.fromOpaque(loop!).takeUnretainedValue().runForever()
            }, Unmanaged.passRetained(self).toOpaque())
        precondition(failure == 0, "the event loop needs a thread")
        pthread_detach(thread)
    }

    /// The current instant; callable from any thread.
    public var now: Instant { time.now }

    /// When the loop last came round; a loop that is wedged stops moving it. Callable from any thread.
    public var lastTurn: Instant { Instant(nanoseconds: lastTurnNanoseconds.load(ordering: .relaxed)) }

    /// Runs `work` on the loop's thread, after what was added before it; callable from any thread, C callbacks
    /// included. Never runs it at once, even on the loop.
    public func post(_ work: @escaping @Sendable @RequestPath () -> Void) { add(.call(work)) }

    /// Runs `handler` before every wait, again and again until no handler returns true (made progress).
    @RequestPath @discardableResult
    public func beforeWait(_ handler: @escaping @RequestPath () -> Bool) -> LoopHook {
        let hook = LoopHook(handler)
        hooks.append(hook)
        return hook
    }
}

// MARK: Executor

extension EventLoop {
    /// Whether the caller runs on the loop's thread.
    public var isCurrent: Bool { UInt(pthread_self()) == thread.load(ordering: .relaxed) }

    public func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    public func checkIsolated() {
        precondition(isCurrent, "this code belongs to the request path, and runs on another thread")
    }

    /// Runs `work` after what was added before it; callable from any thread.
    func add(_ work: LoopWork) {
        if isCurrent { return ready.append(work) }
        let mustWake = withInbox { inbox in
            inbox.work.append(work)
            defer { inbox.isLoopWaiting = false }
            return inbox.isLoopWaiting
        }
        if mustWake { eventfd_write(wakeUp, 1) }
    }

    /// What is handed over here is the other thread's from then on. Thread Sanitizer does not see into the standard
    /// library's lock, so it is told.
    private func withInbox<Result>(_ body: (inout Inbox) -> Result) -> Result {
        inbox.withLock { inbox in
            let lock = Unmanaged.passUnretained(self).toOpaque()
            cshims_lock_taken(lock)
            defer { cshims_lock_given_back(lock) }
            return body(&inbox)
        }
    }
}

// MARK: The loop

extension EventLoop {
    private func runForever() -> Never {
        cshims_prepare_thread("request-path")
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        while true {
            RequestPath.assumeIsolated { turn() }
        }
    }

    /// Runs what is ready until nothing is, then waits. A flood of work is interrupted for timers after each pass and
    /// for descriptors after each turn.
    @RequestPath private func turn() {
        var isBusy = true
        var passes = 0
        while isBusy && passes < Self.passesPerTurn {
            takeArrivedWork()
            runWork()
            runDueTimers()
            let progress = runHooks()
            isBusy = progress || !ready.isEmpty
            passes += 1
        }
        watches.wait(nanoseconds: isBusy || !announceWait() ? 0 : timeUntilNextTimer())
    }

    @RequestPath private func takeArrivedWork() {
        withInbox { inbox in
            inbox.isLoopWaiting = false
            swap(&inbox.work, &arrived)
        }
        for work in arrived { ready.append(work) }
        arrived.removeAll(keepingCapacity: true)
    }

    @RequestPath private func runWork() {
        let serial = asUnownedSerialExecutor()
        let preference = LoopPreference.shared.asUnownedTaskExecutor()
        for _ in 0..<Self.workPerPass {
            switch ready.popFirst() {
            case .job(let job): job.runSynchronously(on: serial)
            case .preferringJob(let job): job.runSynchronously(isolatedTo: serial, taskExecutor: preference)
            case .call(let work): work()
            case nil: return
            }
        }
    }

    @RequestPath private func runDueTimers() {
        let now = time.now
        lastTurnNanoseconds.store(now.nanoseconds, ordering: .relaxed)
        while let timer = timers.popDue(now: now) { timer.fire(now: now) }
    }

    @RequestPath private func runHooks() -> Bool {
        var progress = false
        for hook in hooks where hook.run() { progress = true }
        hooks.removeAll { $0.isCancelled }
        return progress
    }

    /// Tells other threads that they must wake the loop from now on; false when some work has arrived already.
    @RequestPath private func announceWait() -> Bool {
        withInbox { inbox in
            inbox.isLoopWaiting = inbox.work.isEmpty
            return inbox.isLoopWaiting
        }
    }

    @RequestPath private func timeUntilNextTimer() -> Int64 {
        guard let next = timers.nextDeadline else { return Self.longestWait }
        return min(max(next.since(time.now).wholeNanoseconds, 0), Self.longestWait)
    }
}

import CShims
import Glibc

/// A timer that an epoll instance can wait for, with nanoseconds; epoll's own time-out only has milliseconds.
struct DeadlineTimer: ~Copyable {
    private let timer: Descriptor
    var descriptor: Int32 { timer.number }
    private var armed: Int64?

    init() throws(SimulatorError) {
        let flags = Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK)
        timer = try Descriptor(timerfd_create(CLOCK_MONOTONIC, flags), "no timer")
    }

    /// Fires at `deadline`, which may have passed.
    mutating func arm(at deadline: Int64?) {
        guard let deadline, deadline != armed else { return }
        armed = deadline
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(deadline / 1_000_000_000)
        setting.it_value.tv_nsec = Int(deadline % 1_000_000_000)
        timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    }
}

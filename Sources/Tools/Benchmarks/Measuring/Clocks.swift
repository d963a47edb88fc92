import Glibc

/// The clocks that measurements are taken with, in nanoseconds.
enum Clocks {
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    /// What the calling thread has computed: unlike elapsed time, not disturbed by other programs that want the core.
    static var threadCPU: Int64 { read(CLOCK_THREAD_CPUTIME_ID) }

    static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return 0 }
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

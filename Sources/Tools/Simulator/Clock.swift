import Glibc

/// The simulator's clocks, in nanoseconds.
enum Clock {
    /// For deadlines: never goes back.
    static var monotonic: Int64 { read(CLOCK_MONOTONIC) }
    /// Since 1970.
    static var unix: Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

import Glibc
public import Time

/// The system's clock as one time line: the monotonic clock, set by the wall clock once at start.
///
/// Adjustments of the wall clock do not move it, so differences are durations; all values in a process share the line.
public struct SystemTime: TimeSource {
    /// Unix time less monotonic time, when the process first asked.
    private static let offset = nanoseconds(of: CLOCK_REALTIME) - nanoseconds(of: CLOCK_MONOTONIC)

    public init() {}

    public var now: Instant { Instant(nanoseconds: Self.nanoseconds(of: CLOCK_MONOTONIC) + Self.offset) }

    /// What the wall clock says now, in Unix seconds: for signatures, which peers compare with their own clocks.
    public var wallClock: Int64 { Self.nanoseconds(of: CLOCK_REALTIME) / 1_000_000_000 }

    private static func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

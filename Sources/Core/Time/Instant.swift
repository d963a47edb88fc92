/// A point on the program's one time line: nanoseconds since the Unix epoch.
///
/// The line never runs backwards within a process (see `TimeSource`), so differences are durations,
/// and UTC calendar minutes can be read off it.
public struct Instant: Hashable, Comparable, Sendable {
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The instant of a Kafka timestamp or a `deadline` header: Unix milliseconds. Saturates instead of trapping.
    public init(unixMilliseconds: Int64) {
        let (product, overflow) = unixMilliseconds.multipliedReportingOverflow(by: 1_000_000)
        nanoseconds = overflow ? (unixMilliseconds > 0 ? .max : .min) : product
    }

    public static let distantFuture = Instant(nanoseconds: .max)

    public var unixMilliseconds: Int64 { nanoseconds / 1_000_000 }

    public static func < (left: Instant, right: Instant) -> Bool { left.nanoseconds < right.nanoseconds }

    /// The instant `duration` later; saturates at the ends of the line.
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.wholeNanoseconds)
        return Instant(nanoseconds: overflow ? (duration > .zero ? .max : .min) : sum)
    }

    /// The duration from `earlier` to this instant: negative when `earlier` is later. Saturates.
    public func since(_ earlier: Instant) -> Duration {
        let (difference, overflow) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        let elapsed = overflow ? (nanoseconds > earlier.nanoseconds ? .max : .min) : difference
        return Duration(attoseconds: Int128(elapsed) * 1_000_000_000)
    }
}

extension Duration {
    /// The duration in nanoseconds, saturated to what 64 bits hold (292 years).
    public var wholeNanoseconds: Int64 {
        // Most are under nine seconds, and their attoseconds fit 64 bits: a division of 128 bits is a call.
        if let attoseconds = Int64(exactly: attoseconds) { return attoseconds / 1_000_000_000 }
        let nanoseconds = attoseconds / 1_000_000_000
        return Int64(exactly: nanoseconds) ?? (nanoseconds > 0 ? .max : .min)
    }

    /// The duration in seconds, as configuration files and metrics write it.
    public var inSeconds: Double { Double(wholeNanoseconds) / 1e9 }

    /// The duration in milliseconds, as routing events write it.
    public var inMilliseconds: Double { Double(wholeNanoseconds) / 1e6 }
}

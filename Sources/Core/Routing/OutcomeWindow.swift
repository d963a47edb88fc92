import Time

/// Successes and failures of one deployment over the last 60 seconds, sliding, in one-second buckets.
struct OutcomeWindow: Sendable {
    private var buckets = [Bucket](repeating: Bucket(), count: Self.seconds)
    private var newest = Int64.min
    private(set) var successes = 0
    private(set) var failures = 0
    /// Those of the failures that say something about the deployment, not only about the request.
    private(set) var faults = 0

    private struct Bucket {
        var successes: Int32 = 0
        var failures: Int32 = 0
        var faults: Int32 = 0
    }

    mutating func recordSuccess(now: Instant) {
        buckets[slide(to: now)].successes += 1
        successes += 1
    }

    mutating func recordFailure(isFault: Bool, now: Instant) {
        let bucket = slide(to: now)
        buckets[bucket].failures += 1
        failures += 1
        guard isFault else { return }
        buckets[bucket].faults += 1
        faults += 1
    }

    /// Forgets what is older than the window and returns the bucket of `now`.
    @discardableResult
    mutating func slide(to now: Instant) -> Int {
        let second = max(newest, now.nanoseconds / 1_000_000_000)
        if newest == .min || second - newest >= Int64(Self.seconds) {
            if successes + failures > 0 { self = OutcomeWindow() }
        } else {
            while newest < second {
                newest += 1
                let index = Self.index(of: newest)
                successes -= Int(buckets[index].successes)
                failures -= Int(buckets[index].failures)
                faults -= Int(buckets[index].faults)
                buckets[index] = Bucket()
            }
        }
        newest = second
        return Self.index(of: second)
    }

    private static let seconds = 60
    private static func index(of second: Int64) -> Int { Int(second.magnitude % UInt64(seconds)) }
}

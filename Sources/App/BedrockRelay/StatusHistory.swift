import Metrics
import Synchronization
import Time

/// What the counters were during the last minutes, so that the page can tell rates and percentiles as soon as it is
/// opened. Sampled beside the request path, which counts nothing twice for it.
final class StatusHistory: Sendable {
    struct Sample: Sendable {
        var time: Instant
        var totals: ActivityTotals
    }

    /// Requests that ended within each step, oldest first.
    struct Series: Sendable {
        var success: [Int] = []
        var error: [Int] = []
        var invalid: [Int] = []
    }

    static let step = Duration.seconds(5)
    /// Steps that are remembered: five minutes.
    static let steps = 60

    private let samples = Mutex<[Sample]>([])

    /// Takes a sample each step, until cancelled.
    func follow(_ sample: @Sendable () async -> Sample) async {
        while !Task.isCancelled {
            add(await sample())
            try? await Task.sleep(for: Self.step)
        }
    }

    func add(_ sample: Sample) {
        samples.withLock { samples in
            samples.append(sample)
            if samples.count > Self.steps + 1 { samples.removeFirst() }
        }
    }

    /// What was done between the oldest sample and `current`, and how long that is.
    func window(until current: Sample) -> (totals: ActivityTotals, length: Duration) {
        guard let first = samples.withLock({ $0.first }) else { return (current.totals, Self.step) }
        return (current.totals.since(first.totals), max(current.time.since(first.time), .milliseconds(500)))
    }

    var series: Series {
        let totals = samples.withLock { $0.map(\.totals.total) }
        var series = Series()
        for (earlier, later) in zip(totals, totals.dropFirst()) {
            series.success.append(later.success - earlier.success)
            series.error.append(later.error - earlier.error)
            series.invalid.append(later.invalid - earlier.invalid)
        }
        return series
    }
}

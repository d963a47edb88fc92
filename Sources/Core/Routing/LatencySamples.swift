import Time

/// The last few latencies of one deployment, each forgotten by itself when it grows old.
struct LatencySamples: Sendable {
    private struct Sample {
        var value: Double
        var time: Int64
    }

    private var samples: [Sample] = []
    private(set) var mean: Double?

    var isEmpty: Bool { samples.isEmpty }
    var values: [Double] { samples.map(\.value) }

    /// Whether the oldest sample is due to be forgotten.
    func isStale(now: Instant, ttl: Int64) -> Bool {
        guard let oldest = samples.first else { return false }
        return now.nanoseconds - oldest.time >= ttl
    }

    mutating func expire(now: Instant, ttl: Int64) {
        guard isStale(now: now, ttl: ttl) else { return }
        samples.removeAll { now.nanoseconds - $0.time >= ttl }
        updateMean()
    }

    mutating func add(_ value: Double, now: Instant, limit: Int) {
        samples.append(Sample(value: value, time: now.nanoseconds))
        if samples.count > max(limit, 1) { samples.removeFirst(samples.count - max(limit, 1)) }
        updateMean()
    }

    /// The value at `fraction` of the sorted samples: element ceil(n * fraction) - 1.
    func percentile(_ fraction: Double) -> Double? {
        guard !samples.isEmpty else { return nil }
        let share = Double(samples.count) * min(max(fraction, 0), 1)
        let below = Int(share)
        let rank = Double(below) < share ? below : below - 1  // rounded() would need the C math library
        return values.sorted()[max(rank, 0)]
    }

    /// Their mean, or the value at `fraction` of them.
    func estimate(percentile fraction: Double?) -> LatencyEstimate? {
        let seconds = fraction.map { percentile($0) } ?? mean
        return seconds.map { LatencyEstimate(seconds: $0, samples: samples.count) }
    }

    private mutating func updateMean() {
        mean = samples.isEmpty ? nil : samples.reduce(0) { $0 + $1.value } / Double(samples.count)
    }
}

import Time

/// What a run of requests comes to: rate and CPU time by slices of half a second, latencies, memory.
///
/// Nothing counts before the warm-up is over. The process measured may be this one or a child.
struct LoadRecorder {
    private static let sliceLength: Int64 = 500_000_000

    private let meter: ProcessMeter
    private let begin: Int64
    let end: Int64
    private var slice: (start: Int64, cpu: Int64, count: Int)?
    private var rates: [Double] = []
    private var cpu: [Double] = []
    /// When each reply came: what waves of replies, which a fixed latency makes, are counted by.
    private var arrivals: [Int64] = []
    private var latencies: [Double] = []
    private let idle: Int
    private var loaded = 0

    /// - Parameter idle: resident bytes before anything was made ready for the load; nil: as they are now.
    init(_ process: ProcessMeter, plan: LoadPlan, now: Int64, idle: Int? = nil) {
        meter = process
        self.idle = idle ?? process.resident
        begin = now + plan.warmUp.wholeNanoseconds
        end = begin + plan.measured.wholeNanoseconds
    }

    mutating func recordReply(sentAt: Int64, now: Int64) {
        guard now >= begin, now <= end else { return }
        arrivals.append(now)
        if sentAt >= begin { latencies.append(Double(now - sentAt) / 1e6) }
        slice?.count += 1
    }

    /// Call it often: closes slices when they are over.
    mutating func tick(now: Int64) {
        guard now >= begin else { return }
        guard let open = slice else {
            slice = (now, meter.cpu, 0)
            return
        }
        let elapsed = now - open.start
        guard elapsed >= Self.sliceLength else { return }
        let used = meter.cpu
        loaded = max(loaded, meter.resident)
        slice = (now, used, 0)
        rates.append(Double(open.count) / Double(elapsed) * 1e9)
        if open.count > 0 { cpu.append(Double(used - open.cpu) / Double(open.count) / 1000) }
    }

    /// `inFlight` requests were kept in flight.
    func result(inFlight: Int) -> LoadResult {
        LoadResult(
            rates: rates, cpu: cpu, latencies: latencies.sorted(), cycle: cycle(of: inFlight), idle: idle,
            loaded: loaded)
    }

    /// How long `inFlight` replies take, in seconds: over as many whole cycles as were seen, because replies that
    /// come in waves would make any other stretch too rich or too poor by up to a wave.
    private func cycle(of inFlight: Int) -> Double? {
        let cycles = (arrivals.count - 1) / inFlight
        guard cycles >= 1 else { return nil }
        return Double(arrivals[cycles * inFlight] - arrivals[0]) / Double(cycles) / 1e9
    }
}

/// How long to load, and how much of it counts.
struct LoadPlan: Sendable {
    /// Requests kept under way; the most, when there is a rate.
    var inFlight: Int
    /// Requests a second; nil: as many as come back.
    var rate: Double?
    var warmUp: Duration
    var measured: Duration
}

/// What a `LoadRecorder` has recorded.
struct LoadResult: Sendable {
    /// Replies a second, by slice.
    var rates: [Double]
    /// Microseconds of CPU time per reply, by slice.
    var cpu: [Double]
    /// Milliseconds, ascending.
    var latencies: [Double]
    /// Seconds in which as many replies come as requests are in flight.
    var cycle: Double?
    /// Resident bytes before the load, and the most seen under it.
    var idle: Int
    var loaded: Int
}

/// Times short pieces of code: CPU time of this thread per call, in batches.
struct Stopwatch: Sendable {
    var batches: Int
    /// Nanoseconds that a batch lasts, about.
    var batchLength: Int64

    init(isQuick: Bool) {
        batches = isQuick ? 7 : 25
        batchLength = isQuick ? 5_000_000 : 15_000_000
    }

    /// Microseconds per call of both, their batches taking turns so that what disturbs one disturbs the other.
    func compare(_ measured: () -> Int, to floor: () -> Int) -> (measured: Figure, floor: Figure) {
        let counts = (calls(of: measured), calls(of: floor))
        var samples: ([Double], [Double]) = ([], [])
        for _ in 0..<batches {
            samples.0.append(batch(of: counts.0, measured))
            samples.1.append(batch(of: counts.1, floor))
        }
        guard let first = Figure(samples.0), let second = Figure(samples.1) else {
            preconditionFailure("a comparison has batches")
        }
        return (first, second)
    }

    /// How many calls fill a batch.
    private func calls(of body: () -> Int) -> Int {
        var count = 1
        while true {
            let length = batch(of: count, body) * 1000 * Double(count)
            if length * 4 >= Double(batchLength) { return max(1, Int(Double(count) * Double(batchLength) / length)) }
            count *= 4
        }
    }

    /// Every call returns something that depends on all of its work, and the sum is looked at: nothing may be left out.
    private func batch(of count: Int, _ body: () -> Int) -> Double {
        var sum = 0
        let start = Clocks.threadCPU
        for _ in 0..<count { sum &+= body() }
        let elapsed = Clocks.threadCPU - start
        precondition(sum != .min, "the sum of small numbers is not the least of all")
        return Double(elapsed) / Double(count) / 1000
    }
}

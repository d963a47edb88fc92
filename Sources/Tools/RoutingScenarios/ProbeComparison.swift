/// Compares what a probe drew over all recorded runs with what ours would draw in the same runs.
struct ProbeComparison {
    /// Ours, and how many of the recorded runs went that way.
    let results: [(result: TraceRun.ProbeResult, count: Double)]

    func difference(from record: JSONNode) -> String? {
        if record["share"] == nil {
            let isRefused = results.allSatisfy { $0.result.refusal != nil }
            return isRefused ? nil : "draws, recorded \(record["error"]?.text ?? "an error")"
        }
        let difference = sharesDifference(from: record)
        return difference == nil || results.allSatisfy(\.result.isAsDesired) ? nil : difference
    }

    private func sharesDifference(from record: JSONNode) -> String? {
        if let refusal = results.lazy.compactMap(\.result.refusal).first { return "refused: \(refusal.message)" }
        let recorded = (record["share"]?.object ?? [:]).compactMapValues(\.double)
        let samples = record["samples"]?.double ?? 1
        let runs = results.reduce(0) { $0 + $1.count }
        for id in Set(recorded.keys).union(results.flatMap { $0.result.shares.keys }).sorted() {
            // Each run has its own probability and the same number of samples, so the variances add up.
            var (share, variance) = (0.0, 0.0)
            for (result, count) in results {
                let own = result.shares[id] ?? 0
                share += own * count / runs
                variance += own * (1 - own) * count / runs
            }
            let bound = 3 * (variance / samples).squareRoot() + 0.0001
            if abs(share - (recorded[id] ?? 0)) > bound {
                return "share of \(id) \(share), recorded \(recorded[id] ?? 0) (three standard errors: \(bound))"
            }
        }
        return nil
    }
}

import Glibc
import Time

/// `relay-benchmarks http-floor URL IN-FLIGHT RATE WARM-UP MEASURED` (rate 0: as fast as answers come; seconds): libcurl
/// as the relay uses it, without the relay.
enum HTTPFloorCommand {
    /// Prints what the load came to and ends.
    static func run(_ arguments: [String]) throws(Unmeasurable) {
        let numbers = arguments.dropFirst().compactMap(Double.init)
        guard let url = arguments.first, numbers.count == 4, numbers[0] >= 1 else {
            throw Unmeasurable("http-floor: expected URL IN-FLIGHT RATE WARM-UP MEASURED")
        }
        let plan = LoadPlan(
            inFlight: Int(numbers[0]), rate: numbers[1] > 0 ? numbers[1] : nil, warmUp: .seconds(numbers[2]),
            measured: .seconds(numbers[3]))
        let load = try RawHTTPLoad(url: url, plan: plan)
        StandardStream.write(try load.run().line + "\n", to: STDOUT_FILENO)
    }

    /// The load's result, measured by a process of its own.
    static func measure(_ url: String, _ plan: LoadPlan) throws(Unmeasurable) -> LoadResult {
        let child = try ChildProcess(
            Executables.ourselves,
            [
                "http-floor", url, "\(plan.inFlight)", "\(plan.rate ?? 0)", "\(plan.warmUp.inSeconds)",
                "\(plan.measured.inSeconds)",
            ])
        let line = try child.line(within: plan.warmUp + plan.measured + .seconds(20))
        guard let result = LoadResult(line: line) else { throw Unmeasurable("http-floor: \(line)") }
        return result
    }
}

extension LoadResult {
    /// For the way from one process to another.
    var line: String {
        let lists = [rates, cpu, latencies, [cycle ?? 0], [Double(idle), Double(loaded)]]
        return lists.map { $0.map { "\($0)" }.joined(separator: ",") }.joined(separator: ";")
    }

    init?(line: String) {
        let lists = line.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.split(separator: ",").compactMap { Double($0) } }
        guard lists.count == 5, lists[3].count == 1, lists[4].count == 2 else { return nil }
        self.init(
            rates: lists[0], cpu: lists[1], latencies: lists[2], cycle: lists[3][0] > 0 ? lists[3][0] : nil,
            idle: Int(lists[4][0]), loaded: Int(lists[4][1]))
    }
}

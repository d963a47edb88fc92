import Glibc
import Metrics
import Partitions
import Routing
import Time

extension Relay {
    /// What is read at scrape time rather than counted.
    func gauges() -> GaugeSnapshot {
        var gauges = GaugeSnapshot()
        gauges.requestsInFlight = consumerLoop?.inFlight ?? 0
        gauges.requestsWaiting = router.heldCount
        gauges.bufferedBytes = consumerLoop?.bufferedBytes ?? 0
        gauges.connections = connectionCount
        gauges.producerQueue = producerQueueLength
        gauges.partitions = partitionGauges()
        gauges.deployments = router.status(now: now).map { GaugeSnapshot.Deployment($0) }
        gauges.process = ProcessStatus.read()
        return gauges
    }

    private func partitionGauges() -> [GaugeSnapshot.Partition] {
        guard let consumerLoop else { return [] }
        let oldest = consumerLoop.oldestInFlight
        return consumerLoop.laneStatuses.map { lane in
            GaugeSnapshot.Partition(
                topic: lane.partition.topic, partition: lane.partition.partition,
                lag: statistics.lag[lane.partition], inFlight: lane.inFlight, watermarkSpan: lane.span,
                oldestPendingAge: oldest[lane.partition].map { now.since($0) })
        }
    }
}

extension GaugeSnapshot.Deployment {
    fileprivate init(_ status: DeploymentStatus) {
        let deployment = status.deployment
        self.init(
            modelGroup: deployment.group, id: deployment.id.rawValue, inFlight: status.inFlight,
            cooldownRemaining: status.cooldownRemaining, requestsThisMinute: status.requestsThisMinute,
            tokensThisMinute: status.tokensThisMinute, requestLimit: deployment.limits.requestsPerMinute,
            tokenLimit: deployment.limits.tokensPerMinute)
    }
}

/// What the system says about this process.
private enum ProcessStatus {
    static func read() -> GaugeSnapshot.Process? {
        guard let statm = contents(of: "/proc/self/statm"), let stat = contents(of: "/proc/self/stat"),
            let system = contents(of: "/proc/stat")
        else { return nil }
        var usage = rusage()
        getrusage(RUSAGE_SELF, &usage)
        let residentPages = statm.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return GaugeSnapshot.Process(
            cpu: usage.ru_utime.duration + usage.ru_stime.duration,
            residentBytes: residentPages * Int(sysconf(Int32(_SC_PAGESIZE))), openDescriptors: openDescriptors(),
            startTime: startTime(stat: stat, system: system))
    }

    /// Field 22 of `/proc/self/stat`, clock ticks after boot, plus the boot time (proc(5)). The program's name, in
    /// parentheses, may hold spaces, so fields count from behind it.
    private static func startTime(stat: String, system: String) -> Double {
        let fields = stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ")
        let ticks = fields.count > 20 ? Double(fields[20]) ?? 0 : 0
        let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }?.dropFirst(6)
        return (boot.flatMap { Double($0) } ?? 0) + ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func openDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return max(0, count - 3)  // `.`, `..` and the directory itself
    }

    private static func contents(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = fread(&buffer, 1, buffer.count, file)
        return String(decoding: buffer[..<count], as: UTF8.self)
    }
}

extension timeval {
    fileprivate var duration: Duration { .seconds(tv_sec) + .microseconds(tv_usec) }
}

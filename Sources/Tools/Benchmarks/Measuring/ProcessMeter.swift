import Glibc

/// What one process uses: its own or a child's.
struct ProcessMeter: Sendable {
    private let clock: clockid_t
    private let statistics: String

    init(_ process: pid_t) {
        var clock = clockid_t()
        clock_getcpuclockid(process, &clock)
        self.clock = clock
        statistics = "/proc/\(process)/statm"
    }

    /// CPU time of all its threads, in nanoseconds.
    var cpu: Int64 { Clocks.read(clock) }

    /// Resident memory in bytes; 0 once the process is gone.
    var resident: Int {
        guard let text = TextFile.read(statistics) else { return 0 }
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}

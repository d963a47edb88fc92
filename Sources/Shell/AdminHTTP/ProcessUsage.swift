import Glibc

/// What the system says this process uses, for `/metrics`. Reads files under /proc: not for the request path.
public struct ProcessUsage: Hashable, Sendable {
    /// User and system time.
    public var cpu: Duration
    public var residentBytes: Int
    public var openDescriptors: Int

    /// The present values; what cannot be read is zero.
    public static func current() -> ProcessUsage {
        ProcessUsage(cpu: cpuTime(), residentBytes: residentBytes(), openDescriptors: openDescriptors())
    }

    private static func cpuTime() -> Duration {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return .zero }
        return duration(usage.ru_utime) + duration(usage.ru_stime)
    }

    private static func duration(_ time: timeval) -> Duration {
        .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }

    /// The second number of /proc/self/statm, in pages.
    private static func residentBytes() -> Int {
        let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = read(file, &buffer, buffer.count)
        let numbers = buffer.prefix(max(count, 0)).split(separator: UInt8(ascii: " "))
        guard numbers.count > 1, let pages = Int(String(decoding: numbers[1], as: UTF8.self)) else { return 0 }
        return pages * sysconf(CInt(_SC_PAGESIZE))
    }

    private static func openDescriptors() -> Int {
        guard let directory = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        return max(entries - 3, 0)  // ".", ".." and the directory itself
    }
}

import EventLoop
import Time

/// Whether the configuration that was read last is the one in use, and when that was read.
struct ReloadRecord: Sendable {
    private(set) var isCurrent = true
    private(set) var lastSuccess = SystemTime().now

    mutating func note(isSuccess: Bool, now: Instant) {
        isCurrent = isSuccess
        if isSuccess { lastSuccess = now }
    }
}

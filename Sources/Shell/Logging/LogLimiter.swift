/// Counts repeats of events that are logged `limitedBy` a key, and says which of them are written.
///
/// The first lines of a window pass, the rest are counted; when the window ends, the count is one line.
struct LogLimiter {
    struct Key: Hashable {
        var level: Logger.Level
        var event: String
        /// nil: the keys beyond the bound, together.
        var key: String?
    }

    /// What one ended window held back.
    struct Summary: Hashable {
        var key: Key
        var suppressed: Int
    }

    private struct Window {
        let end: ContinuousClock.Instant
        var count = 0
    }

    static let window = Duration.seconds(10)
    static let linesPerWindow = 5
    /// Keys may come from peers (a topic, a host): beyond this many at once they share one window per event.
    static let maximumKeys = 256

    private var windows: [Key: Window] = [:]

    /// When the next window ends; nil when none is open.
    var nextEnd: ContinuousClock.Instant? { windows.values.map(\.end).min() }

    /// Whether this occurrence is written.
    mutating func admits(_ key: Key, now: ContinuousClock.Instant) -> Bool {
        var key = key
        if windows[key] == nil && windows.count >= Self.maximumKeys { key.key = nil }
        windows[key, default: Window(end: now + Self.window)].count += 1
        return windows[key, default: Window(end: now)].count <= Self.linesPerWindow
    }

    /// Closes the windows that have ended by `now` (all of them without it) and returns what they held back.
    mutating func closeWindows(endedBy now: ContinuousClock.Instant?) -> [Summary] {
        var summaries: [Summary] = []
        for (key, window) in windows where now.map({ window.end <= $0 }) ?? true {
            windows[key] = nil
            if window.count > Self.linesPerWindow {
                summaries.append(Summary(key: key, suppressed: window.count - Self.linesPerWindow))
            }
        }
        return summaries
    }
}

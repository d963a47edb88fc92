import Synchronization
public import Time

/// A clock that moves only when a test says so.
public final class ManualTime: TimeSource {
    private let current: Mutex<Instant>

    public init(_ start: Instant = Instant(unixMilliseconds: 1_767_607_200_000)) {
        current = Mutex(start)
    }

    public var now: Instant { current.withLock { $0 } }

    public func advance(by duration: Duration) {
        current.withLock { $0 = $0.advanced(by: duration) }
    }
}

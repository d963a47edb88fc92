/// Where `now` comes from: the system's clock in the program, a hand-moved one in tests.
public protocol TimeSource: Sendable {
    /// The current instant. Never earlier than one returned before.
    var now: Instant { get }
}

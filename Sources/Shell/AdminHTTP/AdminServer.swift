/// The read-only admin HTTP listener.
public final class AdminServer: Sendable {}

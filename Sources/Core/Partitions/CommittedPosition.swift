/// A position a group has committed, or is to commit: where to go on, and what is stored beside it.
public struct CommittedPosition: Hashable, Sendable {
    /// Nil: nothing committed yet.
    public var offset: Offset?
    public var metadata: String

    public init(offset: Offset?, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}

/// A tag of a role's session (`aws_session_tags`), which policies and the cost reports of AWS can look at.
public struct SessionTag: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

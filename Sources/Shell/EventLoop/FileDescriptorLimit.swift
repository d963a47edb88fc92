import CShims

/// How many descriptors the process may open: every request in flight holds one.
public enum FileDescriptorLimit {
    /// Raises the limit to what the system allows this process, and returns what holds now; nil when it is unknown.
    @discardableResult
    public static func raise() -> Int? {
        let limit = cshims_raise_descriptor_limit()
        return limit < 0 ? nil : Int(limit)
    }
}

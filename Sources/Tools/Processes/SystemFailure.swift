/// What the system did not do for us, and why.
public struct SystemFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Why the admin listener could not be opened.
public struct AdminServerError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: Hashable, Sendable {
        /// Not `host:port`.
        case invalidAddress
        /// The host name has no address.
        case unknownHost
        /// The system refused the address: in use, not ours, not permitted.
        case cannotListen
    }

    public let kind: Kind
    /// Names the address and the reason.
    public let message: String

    public var description: String { message }
}

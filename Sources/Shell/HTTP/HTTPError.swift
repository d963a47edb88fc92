/// Why an exchange gave no response.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
    public enum Kind: CaseIterable, Sendable {
        /// Name resolution, connection refused, TLS handshake: the request was not sent.
        case connect
        /// The connection broke after the request may have been sent.
        case connectionLost
        /// The response ended before its declared length.
        case truncated
        /// The request's own limit, or the one for connecting.
        case timeout
        case tooLarge
        case cancelled
        /// The request could not be made: a malformed URL, for example.
        case invalidRequest
    }

    public var kind: Kind
    public var message: String

    public init(_ kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}

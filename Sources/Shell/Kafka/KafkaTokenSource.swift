import EventLoop
public import Time

/// Where a client's OAUTHBEARER tokens come from. It is asked when the client first needs one, and again some time
/// before that expires; a failure is reported to librdkafka, which asks again later.
public final class KafkaTokenSource: Sendable {
    /// What a broker is shown.
    public struct Token: Sendable {
        public var value: String
        public var expiration: Instant
        /// Any non-empty text where the broker takes the name from the token.
        public var principal: String

        public init(value: String, expiration: Instant, principal: String) {
            self.value = value
            self.expiration = expiration
            self.principal = principal
        }
    }

    /// Why there is no token now, in words for the log.
    public struct Failure: Error, Sendable {
        public var message: String
        public init(message: String) { self.message = message }
    }

    public typealias Fetch = @Sendable @RequestPath () async throws(Failure) -> Token

    let fetch: Fetch

    public init(_ fetch: @escaping Fetch) { self.fetch = fetch }
}

extension KafkaTokenSource: Hashable {
    public static func == (left: KafkaTokenSource, right: KafkaTokenSource) -> Bool { left === right }
    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

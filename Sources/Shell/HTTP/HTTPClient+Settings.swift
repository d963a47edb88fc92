extension HTTPClient {
    /// How requests are made.
    public struct Settings: Sendable {
        /// libcurl's cost per request grows with the connections of one multi handle: beyond some hundreds, steeply.
        public var connectionsPerShard = 128
        public var connectTimeout = Duration.seconds(5)
        /// Larger response bodies fail with `tooLarge`.
        public var maximumBodySize = 64 << 20
        /// Idle connections are closed after this. Load balancers drop theirs silently after 60 s or more.
        public var idleTimeout = Duration.seconds(50)
        /// Certificate authorities to trust instead of the system's (`AWS_CA_BUNDLE`).
        public var caBundle: String?
        /// The proxy for all requests, except to this machine and to metadata services; nil: what libcurl finds in the
        /// environment (`https_proxy`, `no_proxy` ...); empty: none.
        public var proxy: String?
        /// Sent as `User-Agent`.
        public var userAgent = "bedrock-relay"

        public init() {}
    }
}

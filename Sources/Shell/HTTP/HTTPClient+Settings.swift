extension HTTPClient {
    /// How requests are made.
    public struct Settings: Sendable {
        public enum Version: Sendable {
            /// HTTP/2 where the TLS handshake agrees on it (ALPN), HTTP/1.1 elsewhere and without TLS.
            case automatic
            case http1
        }

        public var version = Version.automatic
        /// libcurl's cost per request grows with the connections of one multi handle: beyond some hundreds, steeply.
        public var connectionsPerShard = 128
        /// What one HTTP/2 connection carries at most; servers allow 100 or more. libcurl's own limit is 100.
        public var streamsPerConnection = 100
        /// Requests of a shard over HTTP/2.
        public var requestsPerMultiplexedShard = 512
        /// Connections that they share, at most: reached only with servers that allow few streams each.
        public var connectionsPerMultiplexedShard = 16
        public var connectTimeout = Duration.seconds(5)
        /// How long sent bytes, or probes of a quiet connection, may stay unacknowledged before it counts as dead: a
        /// path that swallows packets would otherwise keep an HTTP/2 connection, and what is added to it, for minutes.
        public var unacknowledgedTimeout = Duration.seconds(30)
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

extension HTTPClient {
    /// What has happened since the client was made.
    public struct Statistics: Sendable {
        public var inFlight = 0
        public var requests = 0
        public var connectionsOpened = 0
        /// Requests that needed no new connection.
        public var connectionsReused = 0
        /// Requests that libcurl sent again by itself because a reused connection had died: the server may have
        /// processed both.
        public var resent = 0
        public var bytesSent = 0
        public var bytesReceived = 0
        public var errorsByKind: [HTTPError.Kind: Int] = [:]

        public var errors: Int { errorsByKind.values.reduce(0, +) }

        public init() {}

        mutating func count(_ error: HTTPError) { errorsByKind[error.kind, default: 0] += 1 }

        mutating func count(_ traffic: Traffic) {
            connectionsOpened += traffic.connectionsOpened
            if traffic.connectionsOpened == 0 && traffic.bytesSent > 0 { connectionsReused += 1 }
            if traffic.wasResent { resent += 1 }
            bytesSent += traffic.bytesSent
            bytesReceived += traffic.bytesReceived
        }
    }

    /// What one transfer cost the network.
    struct Traffic {
        var connectionsOpened: Int
        var bytesSent: Int
        var bytesReceived: Int
        var wasResent: Bool
    }
}

extension HTTPClient {
    /// What has happened since the client was made.
    public struct Statistics: Sendable {
        public var inFlight = 0
        public var requests = 0
        public var connectionsOpened = 0
        /// Requests that needed no new connection.
        public var connectionsReused = 0
        /// Responses by the protocol they came over.
        public var http1Responses = 0
        public var http2Responses = 0
        /// Requests that libcurl sent once more by itself, which it may when the server has not begun with them.
        public var resent = 0
        /// Requests that libcurl was kept from sending once more: the server may have processed them.
        public var resendsPrevented = 0
        public var bytesSent = 0
        public var bytesReceived = 0
        public var errorsByKind: [HTTPError.Kind: Int] = [:]

        public var errors: Int { errorsByKind.values.reduce(0, +) }

        public init() {}

        mutating func count(_ error: HTTPError) { errorsByKind[error.kind, default: 0] += 1 }

        mutating func count(_ traffic: Traffic) {
            connectionsOpened += traffic.connectionsOpened
            if traffic.connectionsOpened == 0 && traffic.bytesSent > 0 { connectionsReused += 1 }
            switch traffic.spoken {
            case .unknown: break
            case .http1: http1Responses += 1
            case .http2: http2Responses += 1
            }
            resent += traffic.resent
            if traffic.wasKeptFromResending { resendsPrevented += 1 }
            bytesSent += traffic.bytesSent
            bytesReceived += traffic.bytesReceived
        }
    }

    /// What one transfer cost the network.
    struct Traffic {
        var connectionsOpened: Int
        var bytesSent: Int
        var bytesReceived: Int
        /// What the response came over; unknown: there was none.
        var spoken: Origin.Spoken
        var resent: Int
        var wasKeptFromResending: Bool
    }
}

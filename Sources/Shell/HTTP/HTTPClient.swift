public import EventLoop
public import Logging

/// One HTTP request. Bodies are sent as they are, with their length; no `Expect`, no compression.
public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT" }

    public var method: Method
    /// Absolute, already percent-encoded; sent byte for byte.
    public var url: String
    /// `Name: value` lines.
    public var headers: [String]
    public var body: [UInt8]
    /// Limit over the whole exchange.
    public var timeout: Duration

    public init(_ method: Method, url: String, headers: [String] = [], body: [UInt8] = [], timeout: Duration) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

public struct HTTPResponse: Sendable {
    public var status: Int
    public var headers: HTTPHeaders
    public var body: [UInt8]

    public init(status: Int, headers: HTTPHeaders, body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A response's header lines in one buffer; look-ups ignore case.
public struct HTTPHeaders: Sendable {
    public init() {}
    /// Appends one line as received, line end included or not; lines without a colon are ignored.
    public mutating func append(line: some Collection<UInt8>) { fatalError("skeleton") }
    /// The first value of this header, trimmed.
    public subscript(name: StaticString) -> String? { fatalError("skeleton") }
}

/// Why an exchange gave no response.
public struct HTTPError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// Name resolution, connection refused, TLS handshake: the request was not sent.
        case connect
        /// The connection broke after the request may have been sent.
        case connectionLost
        /// The response ended before its declared length.
        case truncated
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

/// Requests through libcurl on the event loop, in shards of at most `connectionsPerShard` connections.
@RequestPath
public final class HTTPClient {
    public struct Settings: Sendable {
        public var connectionsPerShard = 128
        public var connectTimeout = Duration.seconds(5)
        /// Larger response bodies fail with `tooLarge`.
        public var maximumBodySize = 64 << 20
        /// Idle connections are closed after this.
        public var idleTimeout = Duration.seconds(50)
        /// Certificate authorities to trust instead of the system's (`AWS_CA_BUNDLE`).
        public var caBundle: String?

        public init() {}
    }

    public struct Statistics: Sendable {
        public var inFlight = 0
        public var connectionsOpened = 0
        public var requests = 0
        public var errors = 0
    }

    public init(settings: Settings = Settings(), logger: Logger) { fatalError("skeleton") }

    /// Sends `request` and returns its response, whatever the status. Throws `HTTPError` of kind `cancelled` when
    /// the task is cancelled; the transfer is then aborted.
    public func send(_ request: HTTPRequest) async throws(HTTPError) -> HTTPResponse { fatalError("skeleton") }

    public var statistics: Statistics { fatalError("skeleton") }

    /// Aborts all transfers and closes all connections.
    public func close() { fatalError("skeleton") }
}

/// One HTTP request. Bodies are sent as they are, with their length; no `Expect`, no compression.
public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT" }

    public var method: Method
    /// Absolute, already percent-encoded; sent byte for byte.
    public var url: String
    /// `Name: value` lines.
    public var headers: [String]
    /// Not sent with GET.
    public var body: [UInt8]
    /// Limit over the whole exchange.
    public var timeout: Duration
    /// Never goes through a proxy, wherever it goes: its answer is meant for this machine alone.
    public var bypassesProxy = false

    public init(_ method: Method, url: String, headers: [String] = [], body: [UInt8] = [], timeout: Duration) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

/// One HTTP request. Bodies are sent as they are, with their length; no `Expect`, no compression.
public struct HTTPRequest: Sendable {
    public enum Method: String, Sendable { case get = "GET", post = "POST", put = "PUT" }

    public var method: Method
    public var url: HTTPURL
    /// `Name: value` lines.
    public var headers: [String]
    /// Not sent with GET.
    public var body: [UInt8]
    /// Limit over the whole exchange.
    public var timeout: Duration
    /// Never goes through a proxy, wherever it goes: its answer is meant for this machine alone.
    public var bypassesProxy = false

    public init(_ method: Method, url: HTTPURL, headers: [String] = [], body: [UInt8] = [], timeout: Duration) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }

    /// For one request: `url` is taken apart for it.
    public init(_ method: Method, url: String, headers: [String] = [], body: [UInt8] = [], timeout: Duration) {
        self.init(method, url: HTTPURL(url), headers: headers, body: body, timeout: timeout)
    }
}

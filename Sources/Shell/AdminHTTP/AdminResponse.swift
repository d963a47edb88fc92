/// What the admin listener answers one request with.
public struct AdminResponse: Sendable {
    /// One header line. `content-type`, `content-length` and `connection` are the server's own.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public var status: Int
    public var contentType: String
    public var body: [UInt8]
    public var headers: [Header]

    public init(status: Int = 200, contentType: String, body: [UInt8], headers: [Header] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.headers = headers
    }

    /// A line of text.
    public static func text(_ text: String, status: Int = 200, headers: [Header] = []) -> AdminResponse {
        AdminResponse(
            status: status, contentType: "text/plain; charset=utf-8", body: Array("\(text)\n".utf8), headers: headers)
    }

    public static func json(_ body: [UInt8], status: Int = 200) -> AdminResponse {
        AdminResponse(status: status, contentType: "application/json", body: body)
    }

    public static let notFound = AdminResponse.text("not found", status: 404)

    /// The answer as it goes over the wire; one to HEAD announces its body and leaves it out.
    func encoded(withBody: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(reason)\r\n"
        head += "content-type: \(contentType)\r\ncontent-length: \(body.count)\r\n"
        head += "cache-control: no-store\r\nx-content-type-options: nosniff\r\n"
        for header in headers { head += "\(header.name): \(header.value)\r\n" }
        head += "connection: close\r\n\r\n"
        return withBody ? Array(head.utf8) + body : Array(head.utf8)
    }

    /// Clients must not care about the phrase; people who look at the wire do.
    private var reason: String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}

/// What does not change from one signed request to the next to the same URL, laid out as the canonical request
/// needs it. A class, because every request takes one: one reference to count.
public final class SigningTarget: Sendable {
    public let region: String
    /// The signing name: `bedrock`, not `bedrock-runtime`.
    public let service: String
    /// The line as it is sent.
    let contentTypeHeader: String
    /// Everything up to the date's value, from there to the session token's, and from the token's to the body's hash.
    let beforeDate: [UInt8]
    let beforeToken: [UInt8]
    let afterToken: SignedNames
    let afterDateWithoutToken: SignedNames
    /// `/region/service/aws4_request`: the credential scope after its date.
    let scopeSuffix: [UInt8]

    /// The canonical request from the last signed value on, and the names that were signed.
    struct SignedNames: Sendable {
        var canonicalTail: [UInt8]
        var names: [UInt8]
    }

    /// `host` as sent in the `Host` header: lower case, with the port unless it is the scheme's default. `path` as sent on
    /// the wire, already percent-encoded once. `signedHeaders`: further ones that go with every request: `x-amzn-*`, say.
    public init(
        method: String = "POST", host: String, path: String, contentType: String = "application/json",
        signedHeaders: [(name: String, value: String)] = [], region: String, service: String = "bedrock"
    ) {
        self.region = region
        self.service = service
        contentTypeHeader = "Content-Type: \(contentType)"
        scopeSuffix = Array("/\(region)/\(service)/aws4_request".utf8)

        let fixed = signedHeaders + [("content-type", contentType), ("host", host)]
        let headers = fixed.map { (name: $0.name.lowercased(), value: Self.collapsed($0.value)) }
            .sorted { $0.name < $1.name }
        func lines(_ isIncluded: (String) -> Bool) -> String {
            headers.filter { isIncluded($0.name) }.map { "\($0.name):\($0.value)\n" }.joined()
        }
        let date = "x-amz-date"
        let token = "x-amz-security-token"
        beforeDate = Array(
            "\(method)\n\(PercentEncoding.canonicalPath(path))\n\n\(lines { $0 < date })\(date):".utf8)
        beforeToken = Array("\n\(lines { date < $0 && $0 < token })\(token):".utf8)

        func names(_ own: [String]) -> String { (headers.map(\.name) + own).sorted().joined(separator: ";") }
        let withToken = names([date, token])
        let withoutToken = names([date])
        afterToken = SignedNames(
            canonicalTail: Array("\n\(lines { token < $0 })\n\(withToken)\n".utf8), names: Array(withToken.utf8))
        afterDateWithoutToken = SignedNames(
            canonicalTail: Array("\n\(lines { date < $0 })\n\(withoutToken)\n".utf8), names: Array(withoutToken.utf8))
    }

    /// Trimmed, with inner runs of white space reduced to one blank.
    private static func collapsed(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }
}

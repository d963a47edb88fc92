public import Time

/// The token that Amazon MSK's brokers take for IAM authentication: a presigned URL, in base64url without padding.
/// Nothing ever asks that URL; its signature proves who signed it.
public struct MSKAuthToken: Hashable, Sendable {
    public let text: String
    public let expiration: Instant

    /// What brokers accept at most.
    static let lifetime = Duration.seconds(900)
    private static let emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    /// The token of `credentials` at `instant`, for clusters in `region`.
    init(region: String, credentials: Credentials, userAgent: String, at instant: Instant, signer: SigV4Signer) {
        let host = "kafka.\(region).\(AWSPartition(region: region).suffix)"
        let time = SigningTime(instant)
        let target = SigningTarget(method: "GET", host: host, path: "/", region: region, service: "kafka-cluster")
        let scope = time.date + String(decoding: target.scopeSuffix, as: UTF8.self)
        // In the order of their names, as they are signed.
        let parameters = [
            ("Action", "kafka-cluster:Connect"), ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope)"), ("X-Amz-Date", time.text),
            ("X-Amz-Expires", "\(Self.lifetime.components.seconds)"),
            ("X-Amz-Security-Token", credentials.sessionToken?.reveal()), ("X-Amz-SignedHeaders", "host"),
        ]
        let query = parameters.compactMap { name, value in value.map { "\(name)=\(PercentEncoding.segment($0))" } }
            .joined(separator: "&")
        let request = "GET\n/\n\(query)\nhost:\(host)\n\nhost\n\(Self.emptyHash)"
        let signature = signer.signature(of: request, for: target, with: credentials, at: instant)
        // The user agent is for the cluster's logs, and not signed.
        let agent = PercentEncoding.segment(userAgent)
        text = Self.base64URL("https://\(host)/?\(query)&X-Amz-Signature=\(signature)&User-Agent=\(agent)")
        expiration = Instant(nanoseconds: time.second * 1_000_000_000).advanced(by: Self.lifetime)
    }

    static func base64URL(_ text: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var encoded: [UInt8] = []
        var (buffer, bits) = (0, 0)
        for byte in text.utf8 {
            buffer = (buffer << 8 | Int(byte)) & 0xFFFF
            bits += 8
            while bits >= 6 {
                bits -= 6
                encoded.append(digits[buffer >> bits & 63])
            }
        }
        if bits > 0 { encoded.append(digits[buffer << (6 - bits) & 63]) }
        return String(decoding: encoded, as: UTF8.self)
    }
}

import Redaction
public import Time

/// Signs requests with AWS Signature Version 4.
///
/// Contexts, buffers and the day's signing keys are reused, so one signer belongs to one thread.
public final class SigV4Signer {
    private let sha256 = SHA256()
    private let hmac = HMACSHA256()
    private var signingKeys: [KeyIdentity: [UInt8]] = [:]
    private var signingKeysDate = ""
    private var time = SigningTime(Instant(nanoseconds: 0))
    private var digest = [UInt8](repeating: 0, count: SHA256.digestLength)
    private var text: [UInt8] = []

    /// What a signing key is derived from besides the date. The secret is part of it: a configuration reload may
    /// correct it under the same access key.
    private struct KeyIdentity: Hashable {
        var accessKeyID: String
        var secretAccessKey: Secret
        var region: String
        var service: String
    }

    /// Rotating session credentials bring new keys during a day; beyond this many all are derived afresh.
    private static let signingKeyLimit = 1024

    public init() {
        text.reserveCapacity(2048)
    }

    /// The headers that `body` must be sent with, `Host` aside: content type, date, session token, authorization.
    public func headers(
        signing body: [UInt8], for target: SigningTarget, with credentials: Credentials, at instant: Instant
    ) -> [String] {
        if UTCDate.second(of: instant) != time.second { time = SigningTime(instant) }
        let token = credentials.sessionToken?.reveal()
        let signed = token == nil ? target.afterDateWithoutToken : target.afterToken
        hashCanonicalRequest(of: body, target, token: token, signed)
        sign(target, with: credentials)

        var headers = [target.contentTypeHeader, time.header]
        if let token { headers.append("X-Amz-Security-Token: \(token)") }
        headers.append(authorization(target, credentials, signed))
        return headers
    }

    /// The signature of a canonical request that is put together elsewhere, in hexadecimal. Of `target` only region and
    /// service count.
    func signature(
        of canonicalRequest: String, for target: SigningTarget, with credentials: Credentials, at instant: Instant
    ) -> String {
        if UTCDate.second(of: instant) != time.second { time = SigningTime(instant) }
        Array(canonicalRequest.utf8).withUnsafeBytes { sha256.hash($0, into: &digest) }
        sign(target, with: credentials)
        var text: [UInt8] = []
        text.append(hexOf: digest)
        return String(decoding: text, as: UTF8.self)
    }

    /// Leaves the hash of the canonical request in `digest`.
    private func hashCanonicalRequest(
        of body: [UInt8], _ target: SigningTarget, token: String?, _ signed: SigningTarget.SignedNames
    ) {
        body.withUnsafeBytes { sha256.hash($0, into: &digest) }
        text.removeAll(keepingCapacity: true)
        text += target.beforeDate
        text += time.text.utf8
        if let token {
            text += target.beforeToken
            text += token.utf8
        }
        text += signed.canonicalTail
        text.append(hexOf: digest)
        text.withUnsafeBytes { sha256.hash($0, into: &digest) }
    }

    /// Replaces the canonical request's hash in `digest` by the signature.
    private func sign(_ target: SigningTarget, with credentials: Credentials) {
        text.removeAll(keepingCapacity: true)
        text += "AWS4-HMAC-SHA256\n".utf8
        text += time.text.utf8
        text.append(UInt8(ascii: "\n"))
        text += time.date.utf8
        text += target.scopeSuffix
        text.append(UInt8(ascii: "\n"))
        text.append(hexOf: digest)
        let key = signingKey(target, credentials)
        text.withUnsafeBytes { hmac.authenticate($0, key: key, into: &digest) }
    }

    private func authorization(
        _ target: SigningTarget, _ credentials: Credentials, _ signed: SigningTarget.SignedNames
    ) -> String {
        text.removeAll(keepingCapacity: true)
        text += "Authorization: AWS4-HMAC-SHA256 Credential=".utf8
        text += credentials.accessKeyID.utf8
        text.append(UInt8(ascii: "/"))
        text += time.date.utf8
        text += target.scopeSuffix
        text += ", SignedHeaders=".utf8
        text += signed.names
        text += ", Signature=".utf8
        text.append(hexOf: digest)
        return String(decoding: text, as: UTF8.self)
    }

    /// The day's key for these credentials, region and service: four HMACs once a day, then one look-up.
    private func signingKey(_ target: SigningTarget, _ credentials: Credentials) -> [UInt8] {
        if signingKeysDate != time.date || signingKeys.count >= Self.signingKeyLimit {
            signingKeys.removeAll()
            signingKeysDate = time.date
        }
        let identity = KeyIdentity(
            accessKeyID: credentials.accessKeyID, secretAccessKey: credentials.secretAccessKey, region: target.region,
            service: target.service)
        if let key = signingKeys[identity] { return key }
        var key = Array("AWS4\(credentials.secretAccessKey.reveal())".utf8)
        for part in [time.date, target.region, target.service, "aws4_request"] {
            var code = [UInt8](repeating: 0, count: SHA256.digestLength)
            Array(part.utf8).withUnsafeBytes { hmac.authenticate($0, key: key, into: &code) }
            key = code
        }
        signingKeys[identity] = key
        return key
    }
}

extension [UInt8] {
    fileprivate mutating func append(hexOf bytes: [UInt8]) {
        let digits: StaticString = "0123456789abcdef"
        digits.withUTF8Buffer { digits in
            for byte in bytes {
                append(digits[Int(byte >> 4)])
                append(digits[Int(byte & 15)])
            }
        }
    }
}

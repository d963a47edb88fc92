import JSON
import Redaction
import Time

/// What a source gave.
struct FetchedCredentials: Hashable, Sendable {
    var credentials: Credentials
    /// Nil: they last.
    var expiration: Instant?
}

/// Why a source gave nothing.
struct CredentialFailure: Error, Hashable, Sendable {
    enum Kind: Sendable {
        /// There are none to be had here: a call fails with 401.
        case missing
        /// Something on the way to them failed: 503.
        case unavailable
        /// They did not arrive within the request's time.
        case timeout
        case cancelled
    }

    var kind: Kind
    /// For the log.
    var message: String

    init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

extension FetchedCredentials {
    /// The JSON form that containers, instances and processes use. `tokenName`: what they call the session token.
    init(json: [UInt8], tokenName: String, from source: String) throws(CredentialFailure) {
        let unusable = { (why: String) in CredentialFailure(.unavailable, "\(source): \(why)") }
        guard let root = (try? JSONDocument(parsing: json))?.root, root.isObject else {
            throw unusable("the answer is not a JSON object")
        }
        if tokenName == "SessionToken", root["Version"]?.integer != 1 {
            throw unusable("the answer's Version is not 1")
        }
        guard let id = root["AccessKeyId"]?.string, let secret = root["SecretAccessKey"]?.string else {
            let code = root["Code"]?.string ?? root["code"]?.string
            throw unusable("the answer holds no keys" + (code.map { " (\($0.prefix(80)))" } ?? ""))
        }
        let token = root[tokenName]?.string.flatMap { $0.isEmpty ? nil : Secret($0) }
        var expiration: Instant?
        if let text = root["Expiration"]?.string {
            guard let instant = Timestamp.instant(text) else { throw unusable("the answer's Expiration is not a time") }
            expiration = instant
        }
        try self.init(
            Credentials(accessKeyID: id, secretAccessKey: Secret(secret), sessionToken: token), expiration, source)
    }

    init(_ credentials: Credentials, _ expiration: Instant?, _ source: String) throws(CredentialFailure) {
        guard credentials.fitHeaders else {
            throw CredentialFailure(.unavailable, "\(source): the keys hold what no header can carry")
        }
        self.credentials = credentials
        self.expiration = expiration
    }
}

public import Redaction

/// AWS credentials that sign requests.
public struct Credentials: Hashable, Sendable {
    public var accessKeyID: String
    public var secretAccessKey: Secret
    /// Comes with temporary credentials.
    public var sessionToken: Secret?

    public init(accessKeyID: String, secretAccessKey: Secret, sessionToken: Secret? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

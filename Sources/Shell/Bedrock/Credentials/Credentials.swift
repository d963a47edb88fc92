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

    /// Header lines are made of them, so they must be visible ASCII without blanks.
    var fitHeaders: Bool {
        [accessKeyID, secretAccessKey.reveal(), sessionToken?.reveal() ?? "-"].allSatisfy { text in
            !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
    }
}

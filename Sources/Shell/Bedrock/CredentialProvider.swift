import Redaction

/// How one deployment proves who it is, and where that comes from (Bedrock reference, section 4.1).
struct CredentialProvider: Sendable {
    enum Source: Hashable, Sendable {
        /// A Bedrock API key, sent as it is.
        case bearer(Secret)
        /// Long-term or temporary keys that do not change while the process runs.
        case fixed(Credentials)
        /// Nothing was found: every call fails with 401, none is sent.
        case missing
    }

    let source: Source
    /// The parameter or variable it was found under.
    let origin: String
    /// The source's name for `check`: never a secret.
    let description: String

    /// The first that matches: API key, role, profile, static keys, the environment's keys.
    init(
        _ deployment: BedrockDeployment, environment: [String: String]
    ) throws(CredentialError) {
        let parameters = CredentialParameters(deployment, environment)
        if let key = parameters.apiKey {
            try key.checkForHeader()
            source = .bearer(Secret(key.value))
            origin = key.origin
            let overridden = deployment.accessKeyID == nil ? "" : ", which wins over aws_access_key_id"
            description = "Bedrock API key from \(key.origin)\(overridden)"
            return
        }
        if let refused = parameters.unsupported {
            throw CredentialError(key: refused.origin, message: "\(refused.meaning) is not supported yet; \(Self.hint)")
        }
        if let keys = try parameters.staticKeys() {
            source = .fixed(keys.credentials)
            origin = keys.origin
            let kind = keys.credentials.sessionToken == nil ? "access key" : "temporary access key"
            description = "\(kind) from \(keys.origin)"
            return
        }
        if let ambient = parameters.unsupportedAmbient {
            throw CredentialError(key: ambient.origin, message: "\(ambient.meaning) is not supported yet; \(Self.hint)")
        }
        source = .missing
        origin = "aws_access_key_id"
        description = "none found: calls will fail with 401 (\(Self.hint))"
    }

    static let hint =
        "use aws_access_key_id and aws_secret_access_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, api_key, or AWS_BEARER_TOKEN_BEDROCK"
}

/// Why a deployment's credentials cannot be used: `key` is the parameter or variable to look at.
struct CredentialError: Error, Hashable, Sendable {
    var key: String
    var message: String
}

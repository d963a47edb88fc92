import Redaction

/// A deployment's credential parameters, each with the environment variable it falls back to.
struct CredentialParameters {
    /// A parameter's value and the key it was found under.
    struct Value {
        var value: String
        var origin: String

        /// A header line is made of it, so it must be one: visible ASCII without blanks.
        func checkForHeader() throws(CredentialError) {
            guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw CredentialError(
                    key: origin, message: "the value holds a blank, a control character or non-ASCII text")
            }
        }
    }

    private let deployment: BedrockDeployment
    private let environment: [String: String]

    init(_ deployment: BedrockDeployment, _ environment: [String: String]) {
        self.deployment = deployment
        self.environment = environment
    }

    var apiKey: Value? {
        value(deployment.apiKey?.reveal(), "api_key", orVariable: "AWS_BEARER_TOKEN_BEDROCK")
    }

    var roleName: Value? { value(deployment.roleName, "aws_role_name", orVariable: "AWS_ROLE_NAME") }
    var profileName: Value? { value(deployment.profileName, "aws_profile_name", orVariable: "AWS_PROFILE_NAME") }
    var sessionName: Value? { value(deployment.sessionName, "aws_session_name", orVariable: "AWS_SESSION_NAME") }
    var externalID: Value? {
        value(deployment.externalID?.reveal(), "aws_external_id", orVariable: "AWS_EXTERNAL_ID")
    }
    /// In the order of their keys: equal sets share one identity.
    var sessionTags: [SessionTag] { deployment.sessionTags.sorted { ($0.key, $0.value) < ($1.key, $1.value) } }
    /// A reference to the token: see `WebIdentity.Token`.
    var webIdentityToken: Value? {
        value(deployment.webIdentityToken?.reveal(), "aws_web_identity_token", orVariable: "AWS_WEB_IDENTITY_TOKEN")
    }

    /// Access key and secret, if given. Half a pair is an error.
    func staticKeys() throws(CredentialError) -> (credentials: Credentials, origin: String)? {
        let id = value(deployment.accessKeyID, "aws_access_key_id", orVariable: "AWS_ACCESS_KEY_ID")
        let secret = value(
            deployment.secretAccessKey?.reveal(), "aws_secret_access_key", orVariable: "AWS_SECRET_ACCESS_KEY")
        guard let id else {
            guard let secret else { return nil }
            throw CredentialError(key: secret.origin, message: "a secret key without an access key id")
        }
        guard let secret else {
            throw CredentialError(key: id.origin, message: "an access key id without a secret key")
        }
        let token = sessionToken(isForEnvironmentKey: id.origin == "AWS_ACCESS_KEY_ID")
        try id.checkForHeader()
        try secret.checkForHeader()
        try token?.checkForHeader()
        let credentials = Credentials(
            accessKeyID: id.value, secretAccessKey: Secret(secret.value), sessionToken: token.map { Secret($0.value) })
        return (credentials, id.origin)
    }

    /// Until when the environment's keys are good, as it says itself. Nothing here could renew them.
    func environmentKeysExpiration() throws(CredentialError) -> String? {
        guard let text = value(nil, "", orVariable: "AWS_CREDENTIAL_EXPIRATION") else { return nil }
        guard Timestamp.instant(text.value) != nil else {
            throw CredentialError(key: text.origin, message: "the value is no time such as 2026-01-02T03:04:05Z")
        }
        return text.value
    }

    /// The environment's token belongs to the environment's key: with a key of the deployment's own it could only
    /// break the signature, so there, unlike in LiteLLM, it is left alone.
    private func sessionToken(isForEnvironmentKey: Bool) -> Value? {
        let own = value(deployment.sessionToken?.reveal(), "aws_session_token", orVariable: nil)
        guard own == nil, isForEnvironmentKey else { return own }
        return value(nil, "", orVariable: "AWS_SESSION_TOKEN") ?? value(nil, "", orVariable: "AWS_SECURITY_TOKEN")
    }

    private func value(_ parameter: String?, _ key: String, orVariable variable: String?) -> Value? {
        if let parameter, !parameter.isEmpty { return Value(value: parameter, origin: key) }
        guard let variable, let text = environment[variable], !text.isEmpty else { return nil }
        return Value(value: text, origin: variable)
    }
}

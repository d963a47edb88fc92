import Redaction

/// How one deployment proves who it is, and where that comes from: LiteLLM's choice (Bedrock reference, section 4.1).
struct CredentialProvider: Sendable {
    let source: CredentialSource
    /// The parameter or variable it was found under.
    let origin: String
    /// The source's name for `check`: never a secret.
    let description: String

    /// The first that matches: API key, web identity, role, profile, static keys, the ambient chain.
    ///
    /// `region` is where STS is asked when nothing else says where.
    init(
        _ deployment: BedrockDeployment, region: String, environment: [String: String], profiles: SharedProfiles
    ) throws(CredentialError) {
        let parameters = CredentialParameters(deployment, environment)
        if let key = parameters.apiKey {
            try key.checkForHeader()
            let overridden = deployment.accessKeyID == nil ? "" : ", which wins over aws_access_key_id"
            source = .bearer(Secret(key.value))
            origin = key.origin
            description = "Bedrock API key from \(key.origin)\(overridden)"
            return
        }
        let sts = try STSEndpoint(deployment, region: region, environment: environment)
        let chain = CredentialChain(environment: environment, profiles: profiles, sts: sts)
        let found = try Self.find(parameters, chain)
        source = found.source
        origin = found.origin
        description = found.description
    }

    private static func find(
        _ parameters: CredentialParameters, _ chain: CredentialChain
    ) throws(CredentialError) -> CredentialChain.Finding {
        let sessionName = try chain.sessionName(parameters.sessionName?.value) {
            CredentialError(key: parameters.sessionName?.origin ?? "aws_session_name", message: $0)
        }
        if let role = parameters.roleName {
            if let token = parameters.webIdentityToken, sessionName != nil {
                return try webIdentity(role, token, sessionName, chain)
            }
            return try assumedRole(role, sessionName, parameters, chain)
        }
        if let profile = parameters.profileName {
            return try chain.find(profile: (profile.value, profile.origin))
        }
        if let keys = try CredentialChain.Finding(keysOf: parameters) { return keys }
        return try chain.find()
    }

    private static func webIdentity(
        _ role: CredentialParameters.Value, _ reference: CredentialParameters.Value, _ sessionName: String?,
        _ chain: CredentialChain
    ) throws(CredentialError) -> CredentialChain.Finding {
        let name = "role \(role.value) by the web identity token that \(reference.origin) refers to"
        guard let token = WebIdentity.Token(reference: reference.value, environment: chain.environment) else {
            return CredentialChain.Finding(
                source: .missing, origin: reference.origin,
                description:
                    "none found: calls will fail with 401 (\(reference.origin) must be oidc/file/<path>, oidc/env/<variable> or oidc/env_path/<variable>, and the variable be set)"
            )
        }
        let identity = WebIdentity(
            roleARN: role.value, sessionName: sessionName, durationSeconds: 3600, isLimitedToBedrock: true,
            token: token, sts: chain.sts)
        return CredentialChain.Finding(
            source: .webIdentity(identity), origin: reference.origin, description: name)
    }

    /// With keys of one's own, else with the pod's web identity, else with whatever the ambient chain finds, which is
    /// used as it is should it be that role already. The environment's keys are the chain's beginning.
    private static func assumedRole(
        _ role: CredentialParameters.Value, _ sessionName: String?, _ parameters: CredentialParameters,
        _ chain: CredentialChain
    ) throws(CredentialError) -> CredentialChain.Finding {
        let base: CredentialChain.Finding
        var isAmbient = false
        if let keys = try CredentialChain.Finding(keysOf: parameters) {
            base = keys
            isAmbient = keys.origin == "AWS_ACCESS_KEY_ID"
        } else if let identity = try chain.environmentWebIdentity() {
            if chain.environment["AWS_ROLE_ARN"] == role.value { return identity }
            base = identity
        } else {
            base = try chain.find()
            isAmbient = true
        }
        let assumed = AssumedRole(
            roleARN: role.value, sessionName: sessionName,
            externalID: parameters.externalID.map { Secret($0.value) }, tags: parameters.sessionTags, sts: chain.sts,
            base: base.source,
            isSkippedIfCurrent: isAmbient)
        return CredentialChain.Finding(
            source: .role(assumed), origin: role.origin,
            description: "role \(role.value) from \(role.origin), assumed with \(base.description)")
    }

    static let hint =
        "use aws_access_key_id and aws_secret_access_key, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, api_key, or AWS_BEARER_TOKEN_BEDROCK"
}

extension WebIdentity.Token {
    /// LiteLLM's `oidc/...` references; nil: of another kind, or to a variable that is not set.
    init?(reference: String, environment: [String: String]) {
        let variable = { (name: Substring) -> String? in environment[String(name)].flatMap { $0.isEmpty ? nil : $0 } }
        if let path = reference.afterPrefix("oidc/file/"), !path.isEmpty {
            self = .file(String(path))
        } else if let name = reference.afterPrefix("oidc/env/"), let token = variable(name) {
            self = .text(Secret(token))
        } else if let name = reference.afterPrefix("oidc/env_path/"), let path = variable(name) {
            self = .file(path)
        } else {
            return nil
        }
    }
}

extension String {
    fileprivate func afterPrefix(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}

import Redaction

/// Finds the credentials of a process as botocore does, in its order (Bedrock reference, section 4.2). Reads files at
/// most: what a source gives is fetched later.
struct CredentialChain {
    /// A source with the place it was found at.
    struct Finding {
        var source: CredentialSource
        /// The parameter or variable.
        var origin: String
        /// For `check`: never a secret.
        var description: String
    }

    let environment: [String: String]
    let profiles: SharedProfiles
    /// Who is asked for roles.
    let sts: STSEndpoint

    /// The chain from its beginning; `profile` is one that the configuration names, which leaves out the environment's
    /// keys and web identity.
    func find(profile explicit: (name: String, origin: String)? = nil) throws(CredentialError) -> Finding {
        if explicit == nil, let keys = try environmentKeys() { return keys }
        let chosen = explicit ?? SharedProfiles.chosenName(in: environment)
        let profile = try profiles.profile(chosen?.name ?? "default")
        if let chosen, profile == nil {
            throw CredentialError(key: chosen.origin, message: unknownProfile(chosen.name))
        }
        let origin = chosen?.origin ?? "AWS_PROFILE"
        if let profile, profile.assumesRole { return try role(of: profile, origin, through: []) }
        if explicit == nil, let identity = try environmentWebIdentity() { return identity }
        if let profile, let found = try withoutRole(profile, origin) { return found }
        return try fromThisMachine()
    }

    private func unknownProfile(_ name: String) -> String {
        let files = [profiles.configPath, profiles.credentialsPath].compactMap(\.self).joined(separator: " nor ")
        return "there is no profile \"\(name)\" in \(files.isEmpty ? "any file: HOME is not set" : files)"
    }

    private func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private func environmentKeys() throws(CredentialError) -> Finding? {
        let parameters = CredentialParameters(BedrockDeployment(id: .init(""), model: ""), environment)
        return try Finding(keysOf: parameters)
    }

    /// A container's endpoint, the instance's metadata service, or nothing.
    private func fromThisMachine() throws(CredentialError) -> Finding {
        if let endpoint = try ContainerEndpoint(environment: environment) {
            return Finding(
                source: .container(endpoint), origin: "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                description: "container credentials from \(endpoint.url)")
        }
        if let service = try InstanceMetadata(environment: environment) {
            return Finding(
                source: .instanceMetadata(service), origin: "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                description:
                    "EC2 instance metadata at \(service.endpoint) (nothing else is configured; without it calls fail with 401)"
            )
        }
        return Finding(
            source: .missing, origin: "aws_access_key_id",
            description: "none found: calls will fail with 401 (\(CredentialProvider.hint))")
    }
}

// MARK: Profiles

extension CredentialChain {
    /// The credentials that a profile has by itself, in botocore's order; nil: none.
    private func withoutRole(_ profile: SharedProfile, _ origin: String) throws(CredentialError) -> Finding? {
        let name = "profile \"\(profile.name)\""
        if let file = profile["web_identity_token_file"] {
            return try webIdentity(of: profile, file, origin)
        }
        if profile.values.keys.contains(where: { $0.hasPrefix("sso_") }) {
            throw CredentialError(
                key: origin,
                message:
                    "\(name) signs in with SSO, which needs a person; use credential_process = aws configure export-credentials --profile \(profile.name)"
            )
        }
        if let keys = try keys(profile, inConfigFile: false, origin) {
            return keys
        }
        if let command = profile["credential_process"] {
            guard let words = CommandWords.split(command), !words.isEmpty else {
                throw CredentialError(
                    key: origin, message: "\(name): credential_process has an open quotation, or no word")
            }
            return Finding(
                source: .process(CredentialProcess(words: words.map { Secret($0) })), origin: origin,
                description: "credential_process \(words[0]) of \(name)")
        }
        return try keys(profile, inConfigFile: true, origin)
    }

    private func keys(
        _ profile: SharedProfile, inConfigFile: Bool, _ origin: String
    ) throws(CredentialError) -> Finding? {
        let values = inConfigFile ? profile.inConfigFile : profile.inCredentialsFile
        let path = inConfigFile ? profiles.configPath : profiles.credentialsPath
        let name = "profile \"\(profile.name)\""
        let hasID = values["aws_access_key_id"]?.isEmpty == false
        guard let path, hasID || values["aws_secret_access_key"]?.isEmpty == false else { return nil }
        guard SharedKeys.credentials(in: values) != nil else {
            let problem = "\(name) in \(path) has no whole pair of keys, or one with blanks in it"
            throw CredentialError(key: origin, message: problem)
        }
        return Finding(
            source: .sharedKeys(SharedKeys(path: path, profile: profile.name, isConfigFile: inConfigFile)),
            origin: origin,
            description: "access key of \(name) in \(path)")
    }

    /// The role that a profile assumes, from another profile's credentials or from a named source.
    private func role(
        of profile: SharedProfile, _ origin: String, through visited: [String]
    ) throws(CredentialError) -> Finding {
        let refuse = { (why: String) in CredentialError(key: origin, message: "profile \"\(profile.name)\": \(why)") }
        guard let roleARN = profile["role_arn"] else { throw refuse("role_arn is missing") }
        if profile["mfa_serial"] != nil {
            throw refuse("mfa_serial needs a person to type a code; use credential_process")
        }
        let base: Finding
        switch (profile["source_profile"], profile["credential_source"]) {
        case (_?, _?): throw refuse("source_profile and credential_source exclude each other")
        case (nil, nil): throw refuse("role_arn needs source_profile or credential_source")
        case (let source?, nil): base = try sourceProfile(source, of: profile, origin, through: visited)
        case (nil, let source?): base = try credentialSource(source, refuse)
        }
        let role = AssumedRole(
            roleARN: roleARN, sessionName: try sessionName(profile["role_session_name"], refuse),
            externalID: profile["external_id"].map { Secret($0) },
            durationSeconds: try duration(profile["duration_seconds"], refuse), sts: sts, base: base.source)
        return Finding(
            source: .role(role), origin: origin,
            description: "role \(roleARN) of profile \"\(profile.name)\", assumed with \(base.description)")
    }

    private func sourceProfile(
        _ name: String, of profile: SharedProfile, _ origin: String, through visited: [String]
    ) throws(CredentialError) -> Finding {
        let refuse = { (why: String) in CredentialError(key: origin, message: "profile \"\(profile.name)\": \(why)") }
        guard let source = try profiles.profile(name) else {
            throw refuse("its source_profile \"\(name)\" does not exist")
        }
        if source.hasKeys || !source.assumesRole {
            guard let found = try withoutRole(source, origin) else {
                throw refuse("its source_profile \"\(name)\" has no credentials")
            }
            return found
        }
        let path = visited + [profile.name]
        guard !path.contains(name) else {
            throw refuse("its source_profile leads back to it: \((path + [name]).joined(separator: " -> "))")
        }
        return try role(of: source, origin, through: path)
    }

    private func credentialSource(
        _ name: String, _ refuse: (String) -> CredentialError
    ) throws(CredentialError) -> Finding {
        switch name.lowercased() {
        case "environment":
            guard let keys = try environmentKeys() else {
                throw refuse("credential_source finds no keys in the environment")
            }
            return keys
        case "ecscontainer":
            guard let endpoint = try ContainerEndpoint(environment: environment) else {
                throw refuse("credential_source finds no AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI")
            }
            return Finding(
                source: .container(endpoint), origin: "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                description: "container credentials from \(endpoint.url)")
        case "ec2instancemetadata":
            guard let service = try InstanceMetadata(environment: environment) else {
                throw refuse(
                    "credential_source needs the metadata service, which AWS_EC2_METADATA_DISABLED switches off")
            }
            return Finding(
                source: .instanceMetadata(service), origin: "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                description: "EC2 instance metadata at \(service.endpoint)")
        default:
            throw refuse("credential_source is Environment, EcsContainer or Ec2InstanceMetadata, not \"\(name)\"")
        }
    }
}

// MARK: Web identity

extension CredentialChain {
    /// IRSA: what Kubernetes puts into a pod's environment.
    func environmentWebIdentity() throws(CredentialError) -> Finding? {
        guard let file = variable("AWS_WEB_IDENTITY_TOKEN_FILE") else { return nil }
        guard let roleARN = variable("AWS_ROLE_ARN") else {
            throw CredentialError(key: "AWS_WEB_IDENTITY_TOKEN_FILE", message: "needs AWS_ROLE_ARN beside it")
        }
        let name = try sessionName(variable("AWS_ROLE_SESSION_NAME")) {
            CredentialError(key: "AWS_ROLE_SESSION_NAME", message: $0)
        }
        let identity = WebIdentity(roleARN: roleARN, sessionName: name, token: .file(file), sts: sts)
        return Finding(
            source: .webIdentity(identity), origin: "AWS_WEB_IDENTITY_TOKEN_FILE",
            description: "role \(roleARN) by the web identity token in \(file) (AWS_WEB_IDENTITY_TOKEN_FILE)")
    }

    private func webIdentity(
        of profile: SharedProfile, _ file: String, _ origin: String
    ) throws(CredentialError) -> Finding {
        let refuse = { (why: String) in CredentialError(key: origin, message: "profile \"\(profile.name)\": \(why)") }
        guard let roleARN = profile["role_arn"] else {
            throw refuse("web_identity_token_file needs role_arn beside it")
        }
        let identity = WebIdentity(
            roleARN: roleARN, sessionName: try sessionName(profile["role_session_name"], refuse),
            durationSeconds: try duration(profile["duration_seconds"], refuse), token: .file(file), sts: sts)
        return Finding(
            source: .webIdentity(identity), origin: origin,
            description: "role \(roleARN) by the web identity token in \(file) (profile \"\(profile.name)\")")
    }

    /// STS takes 2 to 64 characters of `[\w+=,.@-]`.
    func sessionName(_ name: String?, _ refuse: (String) -> CredentialError) throws(CredentialError) -> String? {
        guard let name else { return nil }
        let isValid =
            (2...64).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || $0.properties.numericType != nil
                        || "_+=,.@-".unicodeScalars.contains($0))
            }
        guard isValid else { throw refuse("a session name has 2 to 64 characters of A-Z a-z 0-9 _ + = , . @ -") }
        return name
    }

    private func duration(_ text: String?, _ refuse: (String) -> CredentialError) throws(CredentialError) -> Int? {
        guard let text else { return nil }
        guard let seconds = Int(text), (900...43_200).contains(seconds) else {
            throw refuse("duration_seconds is a whole number from 900 to 43200")
        }
        return seconds
    }
}

extension CredentialChain.Finding {
    /// Keys among the parameters, or in the environment; nil: none.
    init?(keysOf parameters: CredentialParameters) throws(CredentialError) {
        guard let (credentials, origin) = try parameters.staticKeys() else { return nil }
        let kind = credentials.sessionToken == nil ? "access key" : "temporary access key"
        let expiration = origin == "AWS_ACCESS_KEY_ID" ? try parameters.environmentKeysExpiration() : nil
        let end = expiration.map { ", good until \($0)" } ?? ""
        self.init(source: .fixed(credentials), origin: origin, description: "\(kind) from \(origin)\(end)")
    }
}

extension SharedKeys {
    /// The keys among a section's values; nil: not a whole pair, or one that no header can carry.
    static func credentials(in values: [String: String]) -> Credentials? {
        let value = { (key: String) -> String? in values[key].flatMap { $0.isEmpty ? nil : $0 } }
        guard let id = value("aws_access_key_id"), let secret = value("aws_secret_access_key") else { return nil }
        let credentials = Credentials(
            accessKeyID: id, secretAccessKey: Secret(secret),
            sessionToken: (value("aws_session_token") ?? value("aws_security_token")).map { Secret($0) })
        return credentials.fitHeaders ? credentials : nil
    }
}

import Redaction

/// Where credentials come from, with everything that decides what they are: equal sources share one set of keys.
indirect enum CredentialSource: Hashable, Sendable {
    /// A Bedrock API key, sent as it is.
    case bearer(Secret)
    /// Keys from the configuration or the environment: they do not change while the process runs.
    case fixed(Credentials)
    /// Keys in a shared file, which is read again when they are refused.
    case sharedKeys(SharedKeys)
    case process(CredentialProcess)
    case webIdentity(WebIdentity)
    case role(AssumedRole)
    case container(ContainerEndpoint)
    case instanceMetadata(InstanceMetadata)
    /// Nothing was found: every call fails with 401, none is sent.
    case missing

    /// Whether asking again may bring other keys.
    var isRefreshable: Bool {
        switch self {
        case .bearer, .fixed, .missing: false
        case .sharedKeys, .process, .webIdentity, .role, .container, .instanceMetadata: true
        }
    }
}

/// A profile of one shared file that holds keys.
struct SharedKeys: Hashable, Sendable {
    var path: String
    var profile: String
    /// In the config file sections are named otherwise.
    var isConfigFile: Bool
}

/// A command that prints credentials (`credential_process`).
struct CredentialProcess: Hashable, Sendable {
    /// Command lines may hold secrets.
    var words: [Secret]
}

/// A role that another identity assumes: STS AssumeRole.
struct AssumedRole: Hashable, Sendable {
    var roleARN: String
    /// Nil: one that tells the time.
    var sessionName: String?
    var externalID: Secret?
    /// In the order of their keys.
    var tags: [SessionTag] = []
    var durationSeconds: Int?
    var sts: STSEndpoint
    var base: CredentialSource
    /// Whether `base` is used as it is when it turns out to be this role already; with tags, only if the role may not
    /// assume itself.
    var isSkippedIfCurrent = false
}

/// A role that a signed token of another identity provider stands for: STS AssumeRoleWithWebIdentity.
struct WebIdentity: Hashable, Sendable {
    enum Token: Hashable, Sendable {
        /// Read again at every refresh: Kubernetes rotates it.
        case file(String)
        case text(Secret)
    }

    var roleARN: String
    var sessionName: String?
    var durationSeconds: Int?
    /// Caps the role's permissions to calling models.
    var isLimitedToBedrock = false
    var token: Token
    var sts: STSEndpoint
}

/// Why a deployment's credentials cannot be used: `key` is the parameter or variable to look at.
struct CredentialError: Error, Hashable, Sendable {
    var key: String
    var message: String
}

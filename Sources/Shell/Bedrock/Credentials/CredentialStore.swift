import EventLoop
import HTTP
import Logging
import Time

/// Every identity in use: one for each source, however many deployments or roles build on it.
@RequestPath
final class CredentialStore {
    private var identities: [CredentialSource: CredentialIdentity] = [:]
    private let fetcher: CredentialFetcher
    private let time: any TimeSource
    private let logger: Logger

    init(environment: [String: String], http: HTTPClient, time: any TimeSource, logger: Logger) {
        fetcher = CredentialFetcher(environment: environment, http: http, time: time)
        self.time = time
        self.logger = logger
    }

    func identity(for source: CredentialSource) -> CredentialIdentity {
        if let identity = identities[source] { return identity }
        var keys: FetchedCredentials?
        if case .fixed(let credentials) = source { keys = FetchedCredentials(credentials: credentials) }
        let identity = CredentialIdentity(
            name: source.name, isRefreshable: source.isRefreshable, current: keys, time: time, logger: logger
        ) { [weak self] () async throws(CredentialFailure) in
            guard let self else { throw CredentialFailure(.cancelled, "the provider is gone") }
            return try await fetcher.fetch(source, from: self)
        }
        identities[source] = identity
        return identity
    }

    var refreshes: Int { identities.values.reduce(0) { $0 + $1.refreshes } }
}

extension CredentialSource {
    /// For logs: never a secret.
    var name: String {
        switch self {
        case .bearer: "API key"
        case .fixed: "access key"
        case .sharedKeys(let keys): "profile \(keys.profile) in \(keys.path)"
        case .process: "credential_process"
        case .webIdentity(let identity): "web identity as \(identity.roleARN)"
        case .role(let role): "role \(role.roleARN)"
        case .container(let endpoint): "container credentials from \(endpoint.url)"
        case .instanceMetadata(let service): "instance metadata at \(service.endpoint)"
        case .missing: "none"
        }
    }
}

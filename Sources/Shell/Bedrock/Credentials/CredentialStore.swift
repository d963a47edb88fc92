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

    /// Begins to fetch the keys of those of `sources` that are new, and forgets what none of them builds on.
    func serve(_ sources: Set<CredentialSource>) {
        let needed = Set(sources.flatMap(\.withBases))
        identities = identities.filter { needed.contains($0.key) }
        for source in sources where identities[source] == nil { identity(for: source).startFlight() }
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
    /// The source, and whose keys it asks with.
    fileprivate var withBases: [CredentialSource] {
        guard case .role(let role) = self else { return [self] }
        return [self] + role.base.withBases
    }

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

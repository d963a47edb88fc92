import EventLoop
import HTTP
import Time

/// Asks a source for keys: over HTTP on the event loop, files and programs on a thread of their own.
@RequestPath
final class CredentialFetcher {
    let environment: [String: String]
    let http: HTTPClient
    let time: any TimeSource
    let signer = SigV4Signer()
    var clockSkew = ClockSkew()

    init(environment: [String: String], http: HTTPClient, time: any TimeSource) {
        self.environment = environment
        self.http = http
        self.time = time
    }

    func fetch(
        _ source: CredentialSource, from store: CredentialStore
    ) async throws(CredentialFailure) -> FetchedCredentials {
        switch source {
        case .fixed(let credentials): return FetchedCredentials(credentials: credentials)
        case .bearer, .missing: throw CredentialFailure(.missing, "no credentials are configured")
        case .sharedKeys(let keys): return try await fetch(keys)
        case .process(let process): return try await run(process)
        case .webIdentity(let identity): return try await assume(identity)
        case .role(let role): return try await assume(role, from: store)
        case .container(let endpoint): return try await fetch(endpoint)
        case .instanceMetadata(let service): return try await fetch(service)
        }
    }

    private func fetch(_ keys: SharedKeys) async throws(CredentialFailure) -> FetchedCredentials {
        try await BlockingWork.run {
            do throws(CredentialError) {
                let values = try SharedProfiles.values(of: keys)
                guard let credentials = SharedKeys.credentials(in: values) else {
                    let why = "profile \(keys.profile) in \(keys.path) no longer has a pair of keys"
                    return .failure(CredentialFailure(.unavailable, why))
                }
                return .success(FetchedCredentials(credentials: credentials))
            } catch {
                return .failure(CredentialFailure(.unavailable, error.message))
            }
        }
    }

    /// Sends a request up to `attempts` times, `pause` apart, until `isFinal` likes the response.
    func send(
        _ request: HTTPRequest, attempts: Int, pause: Duration, from source: String,
        until isFinal: (HTTPResponse) -> Bool
    ) async throws(CredentialFailure) -> HTTPResponse {
        var attempt = 1
        while true {
            let isLast = attempt >= attempts
            do throws(HTTPError) {
                let response = try await http.send(request)
                if isLast || isFinal(response) { return response }
            } catch {
                if error.kind == .cancelled { throw CredentialFailure(.cancelled, error.message) }
                if isLast { throw CredentialFailure(.unavailable, "\(source): \(error.message)") }
            }
            do throws(CancellationError) {
                try await EventLoop.shared.sleep(until: EventLoop.shared.now.advanced(by: pause))
            } catch {
                throw CredentialFailure(.cancelled, "the refresh was given up")
            }
            attempt += 1
        }
    }
}

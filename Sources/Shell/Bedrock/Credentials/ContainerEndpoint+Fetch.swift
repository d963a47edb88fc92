import EventLoop
import HTTP
import Redaction

extension CredentialFetcher {
    /// ECS and EKS Pod Identity: one GET with the token that the platform wrote.
    func fetch(_ endpoint: ContainerEndpoint) async throws(CredentialFailure) -> FetchedCredentials {
        var headers = ["Accept: application/json"]
        if let token = try await token(for: endpoint) {
            headers.append("Authorization: \(token.reveal())")
        }
        var request = HTTPRequest(.get, url: endpoint.url, headers: headers, timeout: .seconds(2))
        request.bypassesProxy = true
        let source = "container credentials"
        let response = try await send(request, attempts: 3, pause: .seconds(1), from: source) { $0.status == 200 }
        guard response.status == 200 else {
            throw CredentialFailure(.unavailable, "\(source): HTTP status \(response.status)")
        }
        return try FetchedCredentials(json: response.body, tokenName: "Token", from: source)
    }

    private func token(for endpoint: ContainerEndpoint) async throws(CredentialFailure) -> Secret? {
        guard let file = endpoint.tokenFile else { return try endpoint.token.map(Self.checked) }
        return try Self.checked(try await BlockingWork.token(inFile: file))
    }

    /// A line break inside would end the header, and begin another one.
    private static func checked(_ token: Secret) throws(CredentialFailure) -> Secret {
        var text = token.reveal()
        while let last = text.last, last.isWhitespace { text.removeLast() }
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw CredentialFailure(.unavailable, "container credentials: the token holds a control character")
        }
        return Secret(text)
    }
}

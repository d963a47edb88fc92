import Redaction

/// The credentials endpoint of ECS and of EKS Pod Identity.
struct ContainerEndpoint: Hashable, Sendable {
    var url: String
    /// Read again at every refresh; wins over `token`.
    var tokenFile: String?
    var token: Secret?

    private static let metadataHosts: Set<String> = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// Nil: the environment names none.
    init?(environment: [String: String]) throws(CredentialError) {
        let variable = { (name: String) -> String? in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            try Self.check(path, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
            url = "http://169.254.170.2" + (path.hasPrefix("/") ? path : "/" + path)
        } else if let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            try Self.check(full, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
            try Self.checkHost(full, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
            url = full
        } else {
            return nil
        }
        tokenFile = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map { Secret($0) }
    }

    private static func check(_ text: String, _ key: String) throws(CredentialError) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CredentialError(key: key, message: "holds a blank, a control character or non-ASCII text")
        }
    }

    /// Over plain http the token and the keys may only travel inside this machine.
    private static func checkHost(_ url: String, _ key: String) throws(CredentialError) {
        // The query is none of the endpoint's parser's business.
        let withoutQuery = String(url.prefix { $0 != "?" })
        let endpoint: Endpoint
        do throws(EndpointError) {
            endpoint = try Endpoint(parsing: withoutQuery, key: key)
        } catch {
            throw CredentialError(key: key, message: error.message)
        }
        let end = endpoint.host.hasPrefix("[") ? endpoint.host.firstIndex(of: "]") : nil
        let host = end.map { String(endpoint.host[...$0]) } ?? String(endpoint.host.prefix { $0 != ":" })
        guard endpoint.scheme == .https || endpoint.isLoopback || metadataHosts.contains(host) else {
            throw CredentialError(
                key: key,
                message: "http is allowed to this machine and to the container services' addresses only, not to \(host)"
            )
        }
    }
}

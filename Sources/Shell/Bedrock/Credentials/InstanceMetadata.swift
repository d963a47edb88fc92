/// The EC2 instance metadata service and how patiently it is asked.
struct InstanceMetadata: Hashable, Sendable {
    var endpoint: String
    var timeout: Duration
    var attempts: Int
    var allowsVersion1: Bool

    /// Nil: it is switched off.
    init?(environment: [String: String]) throws(CredentialError) {
        let isTrue = { (name: String) in environment[name]?.lowercased() == "true" }
        if isTrue("AWS_EC2_METADATA_DISABLED") { return nil }
        endpoint = try Self.endpoint(environment)
        timeout = .seconds(try Self.number("AWS_METADATA_SERVICE_TIMEOUT", environment) ?? 1)
        attempts = try Self.number("AWS_METADATA_SERVICE_NUM_ATTEMPTS", environment) ?? 1
        allowsVersion1 = !isTrue("AWS_EC2_METADATA_V1_DISABLED")
    }

    func url(_ path: String) -> String { "\(endpoint)/latest/\(path)" }

    private static func endpoint(_ environment: [String: String]) throws(CredentialError) -> String {
        let key = "AWS_EC2_METADATA_SERVICE_ENDPOINT"
        if let text = environment[key], !text.isEmpty {
            do throws(EndpointError) {
                let endpoint = try Endpoint(parsing: text, key: key)
                return endpoint.url(path: endpoint.basePath)
            } catch {
                throw CredentialError(key: key, message: error.message)
            }
        }
        let isIPv6 = environment["AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"]?.lowercased() == "ipv6"
        return isIPv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254"
    }

    private static func number(_ key: String, _ environment: [String: String]) throws(CredentialError) -> Int? {
        guard let text = environment[key], !text.isEmpty else { return nil }
        guard let number = Int(text), (1...60).contains(number) else {
            throw CredentialError(key: key, message: "expected a whole number from 1 to 60")
        }
        return number
    }
}

/// Where the Security Token Service is, and the region its requests are signed for.
struct STSEndpoint: Hashable, Sendable {
    var endpoint: Endpoint
    var region: String

    /// `aws_sts_endpoint`, the SDKs' variables, else the region's own (Bedrock reference, section 4.3).
    init(
        _ deployment: BedrockDeployment, region: String, environment: [String: String]
    ) throws(CredentialError) {
        if let override = Self.override(of: deployment, environment) {
            endpoint = try Self.parse(override.url, key: override.key)
            self.region = Self.region(ofHost: endpoint.host) ?? region
        } else if environment["AWS_STS_REGIONAL_ENDPOINTS"]?.lowercased() == "legacy" {
            endpoint = Endpoint(scheme: .https, host: "sts.amazonaws.com", basePath: "")
            self.region = "us-east-1"
        } else {
            let name = environment["AWS_USE_FIPS_ENDPOINT"]?.lowercased() == "true" ? "sts-fips" : "sts"
            let host = "\(name).\(region).\(AWSPartition(region: region).suffix)"
            endpoint = try Self.parse("https://\(host)", key: "aws_region_name")
            self.region = region
        }
    }

    var path: String { endpoint.basePath + "/" }
    var url: String { endpoint.url(path: path) }

    private static func override(
        of deployment: BedrockDeployment, _ environment: [String: String]
    ) -> (key: String, url: String)? {
        var candidates: [(String, String?)] = [
            ("aws_sts_endpoint", deployment.stsEndpoint), ("AWS_STS_ENDPOINT", environment["AWS_STS_ENDPOINT"]),
        ]
        if environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]?.lowercased() != "true" {
            candidates += ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"].map { ($0, environment[$0]) }
        }
        for case (let key, let url?) in candidates where !url.isEmpty { return (key, url) }
        return nil
    }

    private static func parse(_ url: String, key: String) throws(CredentialError) -> Endpoint {
        do throws(EndpointError) {
            return try Endpoint(parsing: url, key: key)
        } catch {
            throw CredentialError(key: error.key, message: error.message)
        }
    }

    /// `sts.eu-west-1.amazonaws.com` and `vpce-1.sts.eu-west-1.vpce.amazonaws.com` name theirs; the global one is us-east-1's.
    private static func region(ofHost host: String) -> String? {
        if host == "sts.amazonaws.com" { return "us-east-1" }
        return host.split(separator: ".").first { BedrockModelString.isRegion($0) }.map(String.init)
    }
}

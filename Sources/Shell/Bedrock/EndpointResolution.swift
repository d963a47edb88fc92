extension Endpoint {
    /// The endpoint of `deployment`: its own override, then LiteLLM's and the AWS SDKs' variables and profile settings,
    /// then the region's (Bedrock reference, section 2).
    static func resolve(
        _ deployment: BedrockDeployment, region: String, environment: [String: String], profile: SharedProfile? = nil
    ) throws(EndpointError) -> Endpoint {
        try checkName(of: region)
        let isFIPS = isTrue(environment["AWS_USE_FIPS_ENDPOINT"] ?? profile?["use_fips_endpoint"])
        let isDualStack = isTrue(environment["AWS_USE_DUALSTACK_ENDPOINT"] ?? profile?["use_dualstack_endpoint"])
        guard let override = override(of: deployment, environment, profile) else {
            return try regional(region, isFIPS: isFIPS, isDualStack: isDualStack)
        }
        if isFIPS || isDualStack {
            let setting = isFIPS ? "AWS_USE_FIPS_ENDPOINT" : "AWS_USE_DUALSTACK_ENDPOINT"
            throw EndpointError(
                key: override.key, message: "an endpoint of one's own cannot be combined with \(setting)")
        }
        return try Endpoint(parsing: override.url, key: override.key)
    }

    private static func override(
        of deployment: BedrockDeployment, _ environment: [String: String], _ profile: SharedProfile?
    ) -> (key: String, url: String)? {
        var candidates: [(key: String, url: String?)] = [
            ("aws_bedrock_runtime_endpoint", deployment.runtimeEndpoint),
            ("AWS_BEDROCK_RUNTIME_ENDPOINT", environment["AWS_BEDROCK_RUNTIME_ENDPOINT"]),
            ("api_base", deployment.apiBase),
        ]
        let ignored = environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? profile?["ignore_configured_endpoint_urls"]
        if !isTrue(ignored) {
            for name in ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"] {
                candidates.append((name, environment[name]))
            }
            candidates.append(("endpoint_url", profile?.services["bedrock_runtime"]?["endpoint_url"]))
            candidates.append(("endpoint_url", profile?["endpoint_url"]))
        }
        for case (let key, let url?) in candidates where !url.isEmpty { return (key, url) }
        return nil
    }

    /// Also where the endpoint is given: the region is part of what is signed.
    private static func checkName(of region: String) throws(EndpointError) {
        let isName =
            !region.isEmpty
            && region.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
        guard isName else {
            throw EndpointError(
                key: "aws_region_name", message: "\"\(region)\" is not a region: lower-case letters, digits and - only")
        }
    }

    private static func regional(_ region: String, isFIPS: Bool, isDualStack: Bool) throws(EndpointError) -> Endpoint {
        let partition = AWSPartition(region: region)
        guard let suffix = isDualStack ? partition.dualStackSuffix : partition.suffix else {
            throw EndpointError(
                key: "AWS_USE_DUALSTACK_ENDPOINT", message: "region \(region) has no dual-stack endpoints")
        }
        let service = isFIPS ? "bedrock-runtime-fips" : "bedrock-runtime"
        return Endpoint(scheme: .https, host: "\(service).\(region).\(suffix)", basePath: "")
    }

    private static func isTrue(_ value: String?) -> Bool { value?.lowercased() == "true" }
}

import Redaction
import Routing
import Testing

@testable import Bedrock

@Suite struct EndpointTests {
    private static func resolve(
        region: String = "us-east-1", runtimeEndpoint: String? = nil, apiBase: String? = nil,
        _ environment: [String: String] = [:]
    ) throws(EndpointError) -> String {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        deployment.runtimeEndpoint = runtimeEndpoint
        deployment.apiBase = apiBase
        return try Endpoint.resolve(deployment, region: region, environment: environment).url(path: "")
    }

    @Test(arguments: [
        ("us-east-1", "amazonaws.com", "api.aws"), ("eu-central-1", "amazonaws.com", "api.aws"),
        ("ap-southeast-2", "amazonaws.com", "api.aws"), ("mx-central-1", "amazonaws.com", "api.aws"),
        ("us-gov-west-1", "amazonaws.com", "api.aws"),
        ("cn-north-1", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu", "api.amazonwebservices.eu"),
        ("xy-nowhere-9", "amazonaws.com", "api.aws"),
    ])
    func `a region has its host, with FIPS and dual-stack forms`(
        _ region: String, _ suffix: String, _ dualStack: String
    ) throws {
        let fips = ["AWS_USE_FIPS_ENDPOINT": "true"]
        let stack = ["AWS_USE_DUALSTACK_ENDPOINT": "true"]
        #expect(try Self.resolve(region: region) == "https://bedrock-runtime.\(region).\(suffix)")
        #expect(try Self.resolve(region: region, fips) == "https://bedrock-runtime-fips.\(region).\(suffix)")
        #expect(try Self.resolve(region: region, stack) == "https://bedrock-runtime.\(region).\(dualStack)")
        #expect(
            try Self.resolve(region: region, fips.merging(stack) { $1 })
                == "https://bedrock-runtime-fips.\(region).\(dualStack)")
    }

    @Test(arguments: [
        ("us-iso-east-1", "c2s.ic.gov"), ("us-isob-east-1", "sc2s.sgov.gov"), ("eu-isoe-west-1", "cloud.adc-e.uk"),
        ("us-isof-south-1", "csp.hci.ic.gov"), ("eu-isof-x-1", "csp.hci.ic.gov"),
    ])
    func `an isolated region has no dual-stack host`(_ region: String, _ suffix: String) throws {
        #expect(try Self.resolve(region: region) == "https://bedrock-runtime.\(region).\(suffix)")
        #expect(throws: EndpointError.self) {
            try Self.resolve(region: region, ["AWS_USE_DUALSTACK_ENDPOINT": "true"])
        }
    }

    @Test(arguments: ["", "us east", "US-EAST-1", "evil.example/#", "us_east_1"])
    func `a malformed region is refused`(_ region: String) {
        #expect(throws: EndpointError.self) { try Self.resolve(region: region) }
        #expect(throws: EndpointError.self) {
            try Self.resolve(region: region, ["AWS_ENDPOINT_URL": "https://own.example"])
        }
    }

    @Test func `overrides are taken in LiteLLM's order, then the SDKs'`() throws {
        var environment = [
            "AWS_BEDROCK_RUNTIME_ENDPOINT": "https://two", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "https://four",
            "AWS_ENDPOINT_URL": "https://five",
        ]
        #expect(
            try Self.resolve(runtimeEndpoint: "https://one", apiBase: "https://three", environment) == "https://one")
        #expect(try Self.resolve(apiBase: "https://three", environment) == "https://two")
        environment["AWS_BEDROCK_RUNTIME_ENDPOINT"] = nil
        #expect(try Self.resolve(apiBase: "https://three", environment) == "https://three")
        #expect(try Self.resolve(environment) == "https://four")
        environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] = ""
        #expect(try Self.resolve(environment) == "https://five")
        environment["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
        #expect(try Self.resolve(environment) == "https://bedrock-runtime.us-east-1.amazonaws.com")
    }

    private static func profile(
        _ values: [String: String], services: [String: [String: String]] = [:]
    ) -> SharedProfile {
        SharedProfile(name: "p", values: values, inCredentialsFile: [:], inConfigFile: values, services: services)
    }

    private static func resolve(_ profile: SharedProfile, _ environment: [String: String] = [:]) throws -> String {
        let deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        return try Endpoint.resolve(deployment, region: "us-east-1", environment: environment, profile: profile)
            .url(path: "")
    }

    @Test func `a profile's endpoints come last, its service's before its own`() throws {
        let own = Self.profile(["endpoint_url": "https://own"])
        let both = Self.profile(
            ["endpoint_url": "https://own"], services: ["bedrock_runtime": ["endpoint_url": "https://service"]])
        #expect(try Self.resolve(own) == "https://own")
        #expect(try Self.resolve(both) == "https://service")
        #expect(try Self.resolve(both, ["AWS_ENDPOINT_URL": "https://variable"]) == "https://variable")
        let regional = "https://bedrock-runtime.us-east-1.amazonaws.com"
        #expect(try Self.resolve(both, ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) == regional)
        let ignoring = Self.profile(["endpoint_url": "https://own", "ignore_configured_endpoint_urls": "true"])
        #expect(try Self.resolve(ignoring) == regional)
        #expect(throws: EndpointError.self) { try Self.resolve(Self.profile(["endpoint_url": "nonsense"])) }
    }

    @Test func `a profile can ask for FIPS and dual-stack hosts, a variable decides`() throws {
        let profile = Self.profile(["use_fips_endpoint": "true", "use_dualstack_endpoint": "true"])
        #expect(try Self.resolve(profile) == "https://bedrock-runtime-fips.us-east-1.api.aws")
        let variables = ["AWS_USE_FIPS_ENDPOINT": "false", "AWS_USE_DUALSTACK_ENDPOINT": "false"]
        #expect(try Self.resolve(profile, variables) == "https://bedrock-runtime.us-east-1.amazonaws.com")
    }

    @Test(arguments: ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"])
    func `an override together with FIPS or dual-stack is an error that names the override`(_ variable: String) {
        let error = #expect(throws: EndpointError.self) {
            try Self.resolve(apiBase: "https://gateway", [variable: "true"])
        }
        #expect(error?.key == "api_base")
    }

    @Test(arguments: [
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090", "127.0.0.1:8090"),
        ("HTTPS://Gateway.Example.com:443/", "https://gateway.example.com", "gateway.example.com"),
        ("http://host:80//", "http://host", "host"), ("https://host:80", "https://host:80", "host:80"),
        ("https://host/bedrock/v1/", "https://host/bedrock/v1", "host"),
        ("http://[::1]:99", "http://[::1]:99", "[::1]:99"),
    ])
    func `a base is normalised once, so that host and path are signed as sent`(
        _ text: String, _ url: String, _ host: String
    ) throws {
        let endpoint = try Endpoint(parsing: text, key: "api_base")
        #expect(endpoint.url(path: endpoint.basePath) == url)
        #expect(endpoint.host == host)
    }

    @Test(arguments: [
        "", "gateway", "ftp://host", "https://", "https:///path", "https://user@host", "https://host:0",
        "https://host:99999", "https://host:x", "https://ho st", "https://host/a?b=c", "https://host/a#b",
        "https://host/a//b", "https://host/../b", "https://host/a b", "https://[::1", "https://[zz]",
        "https://h\u{F6}st",
    ])
    func `a malformed base is refused, with the key it came from`(_ text: String) {
        let error = #expect(throws: EndpointError.self) { try Endpoint(parsing: text, key: "AWS_ENDPOINT_URL") }
        #expect(error?.key == "AWS_ENDPOINT_URL")
    }

    @Test(arguments: [
        ("http://127.0.0.1:1", true), ("http://127.8.9.1", true), ("http://localhost:8", true), ("http://[::1]", true),
        ("http://127.0.0.1.example.com", false), ("http://10.0.0.1", false), ("http://localhost.example.com", false),
        ("https://10.0.0.1", true),
    ])
    func `an API key goes over https, or to this machine`(_ base: String, _ isAllowed: Bool) throws {
        #expect(try Endpoint(parsing: base, key: "").mayCarryBearerToken == isAllowed)
    }
}

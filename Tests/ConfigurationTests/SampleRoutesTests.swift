import Configuration
import Routing
import Testing

/// The four sample routes ship verbatim and load with their quirks (routing reference, section 12).
@Suite struct SampleRoutesTests {
    private func load(_ route: String) throws -> ServiceConfiguration {
        try ServiceConfiguration.load(
            files: [RepositoryFiles.path("config/route/\(route).yaml")], environment: ["AWS_REGION": "eu-west-1"])
    }

    @Test func `load balancing is a uniform shuffle over two models`() throws {
        let configuration = try load("load-balancing")

        #expect(configuration.warnings.isEmpty)
        #expect(configuration.router.strategy == .simpleShuffle)
        #expect(configuration.deployments.map(\.group) == ["claude-3", "claude-3"])
        #expect(configuration.deployments.map(\.region) == ["eu-west-1", "eu-west-1"])
        #expect(configuration.deployments.map(\.maxInputTokens) == [200_000, 200_000])
        #expect(configuration.deployments[1].prices?.input == 2.5e-7)
        #expect(configuration.deployments.map(\.id) == configuration.bedrockDeployments.map(\.id))
        #expect(Set(configuration.deployments.map(\.id)).count == 2)
    }

    @Test func `fallbacks take retries, timeout and cool-downs from litellm_settings`() throws {
        let configuration = try load("fallbacks")
        let router = configuration.router

        #expect(configuration.warnings.isEmpty)
        #expect(router.numRetries == 3)
        #expect(router.requestTimeout == .seconds(10))
        #expect(router.timeout == nil)
        #expect(router.fallbacks == [.init(group: "claude-3-sonnet", targets: ["claude-3-haiku"])])
        #expect(router.allowedFails == 3)
        #expect(router.cooldownTime == .seconds(30))
        #expect(router.enablePreCallChecks)
        #expect(configuration.deployments[0].modelID == "invalid")
        #expect(configuration.deployments[0].prices == nil)
    }

    @Test func `rate limits beside litellm_params hold, and the misspelt check is read with a warning`() throws {
        let configuration = try load("rate-limit-aware")

        #expect(configuration.router.strategy == .usageBasedV2)
        #expect(configuration.router.enablePreCallChecks)
        #expect(configuration.deployments.map(\.limits.requestsPerMinute) == [10, 1])
        #expect(configuration.deployments.map(\.limits.tokensPerMinute) == [2000, 10000])
        #expect(configuration.deployments.allSatisfy { $0.parameters == .init() })
        #expect(
            configuration.shortWarnings == [
                "rate-limit-aware.yaml:17: router_settings.enable_pre_call_check: is not a LiteLLM key and is read as enable_pre_call_checks"
            ])
    }

    @Test func `the stray quote after the latency strategy is dropped with a warning`() throws {
        let configuration = try load("latency-based")

        #expect(configuration.router.strategy == .latencyBased)
        #expect(configuration.router.enablePreCallChecks)
        #expect(
            configuration.shortWarnings == [
                "latency-based.yaml:13: router_settings.routing_strategy: stray quotes or blanks around \"latency-based-routing\" are ignored",
                "latency-based.yaml:14: router_settings.enable_pre_call_check: is not a LiteLLM key and is read as enable_pre_call_checks",
            ])
    }

    @Test(arguments: ["load-balancing", "fallbacks", "rate-limit-aware", "latency-based"])
    func `a sample without its region names the variable that is missing`(_ route: String) throws {
        let error = try #require(throws: ConfigurationErrors.self) {
            try ServiceConfiguration.load(files: [RepositoryFiles.path("config/route/\(route).yaml")], environment: [:])
        }
        #expect(error.problems.count == 2)
        #expect(error.problems.map(\.key) == [0, 1].map { "model_list[\($0)].litellm_params.aws_region_name" })
        #expect(error.problems.allSatisfy { $0.message.hasPrefix("environment variable AWS_REGION is not set") })
    }
}

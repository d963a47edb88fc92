import Testing

@testable import Configuration

@Suite struct ConfigurationDifferenceTests {
    private let base = """
        kafka: {bootstrap.servers: "a:9092", sasl.password: "$PASSWORD"}
        relay: {max_in_flight: 100}
        model_list:
          - {model_name: claude, rpm: 600, litellm_params: {model: bedrock/anthropic.claude-3-haiku-20240307-v1:0}}
          - model_name: claude
            litellm_params: {model: bedrock/anthropic.claude-3-haiku-20240307-v1:0, aws_secret_access_key: marked}
        router_settings: {num_retries: 2, fallbacks: [{claude: [other]}]}
        """
    private let variables = ["PASSWORD": "marked-1"]

    /// What replacing `old` by `new` in the base changes.
    private func difference(
        _ old: String, _ new: String, environment: [String: String]? = nil
    ) throws -> ConfigurationDifference {
        let before = try load(base, environment: variables)
        let after = try load(
            base.replacing(old, with: new), environment: environment ?? variables)
        return after.difference(from: before)
    }

    @Test func `the same configuration differs in nothing`() throws {
        #expect(try difference("", "").isEmpty)
    }

    @Test(
        arguments: [
            ("rpm: 600", "rpm: 1200", ["model_list[claude].rpm: 600 -> 1200"]),
            (
                "haiku-20240307-v1:0}", "haiku-20240307-v1:0, api_base: http://u:hush@h/}",
                ["model_list[claude].litellm_params.api_base: added: http://...@h/"]
            ),
            ("rpm: 600, ", "", ["model_list[claude].rpm: removed"]),
            ("num_retries: 2", "num_retries: 2, timeout: 5", ["router_settings.timeout: added: 5"]),
            (
                "[other]", "[second, other]",
                [
                    "router_settings.fallbacks[0].claude[0]: other -> second",
                    "router_settings.fallbacks[0].claude[1]: added: other",
                ]
            ),
            (
                "aws_secret_access_key: marked", "aws_secret_access_key: marked-2",
                ["model_list[claude #2].litellm_params.aws_secret_access_key: changed"]
            ),
            ("{max_in_flight: 100}", "{max_in_flight: 100, log_level: debug}", ["relay.log_level: added: debug"]),
            (
                "router_settings:", "general_settings: {master_key: marked}\nrouter_settings:",
                ["general_settings.master_key: added"]
            ),
            ("num_retries: 2", "num_retries: 2, some_key: marked", ["router_settings.some_key: added"]),
            (
                "num_retries: 2", "num_retries: 2, default_litellm_params: {api_key: marked, top_k: 3}",
                [
                    "router_settings.default_litellm_params.api_key: added",
                    "router_settings.default_litellm_params.top_k: added",
                ]
            ),
        ] as [(String, String, [String])])
    func `a change that may be made is told, and no secret with it`(old: String, new: String, told: [String]) throws {
        let difference = try difference(old, new)

        #expect(difference.changes.map(\.description) == told)
        #expect(difference.refusals.isEmpty)
        #expect(!difference.changes.contains { $0.text.contains("marked") })
    }

    @Test(arguments: [
        ("a:9092", "b:9092", "test.yaml:1: kafka.bootstrap.servers"),
        ("kafka: {", "kafka: {group.id: other, ", "test.yaml:1: kafka.group.id"),
        ("{max_in_flight: 100}", "{request_topics: [a, b]}", "test.yaml:2: relay.request_topics"),
        ("{max_in_flight: 100}", "{metrics_topic: null}", "test.yaml:2: relay.metrics_topic"),
        ("{max_in_flight: 100}", "{ordering: key}", "test.yaml:2: relay.ordering"),
        ("{max_in_flight: 100}", "{admin: null}", "test.yaml:2: relay.admin"),
        (
            "router_settings:", "environment_variables: {AWS_CA_BUNDLE: /ca}\nrouter_settings:",
            "test.yaml:7: environment_variables.AWS_CA_BUNDLE"
        ),
    ])
    func `what takes a restart is refused by name`(old: String, new: String, place: String) throws {
        let refusals = try difference(old, new).refusals.map(\.description)

        #expect(
            refusals == [
                "\(place): cannot change while the relay runs; put the old value back, or restart the relay"
            ])
    }

    @Test func `a variable whose value has changed is a change of what refers to it`() throws {
        let difference = try difference("", "", environment: ["PASSWORD": "marked-2"])

        #expect(difference.changes.map(\.description) == ["kafka.sasl.password: changed"])
        #expect(difference.refusals.map(\.key) == ["kafka.sasl.password"])
    }

    @Test func `a default that is written down refuses nothing`() throws {
        let difference = try difference("{max_in_flight: 100}", "{max_in_flight: 100, ordering: unordered}")

        #expect(difference.changes.map(\.description) == ["relay.ordering: added: unordered"])
        #expect(difference.refusals.isEmpty)
    }

    @Test func `one more deployment in front is one change`() throws {
        let haiku = "{model: bedrock/anthropic.claude-3-haiku-20240307-v1:0}"
        let difference = try difference(
            "model_list:", "model_list:\n  - {model_name: first, litellm_params: \(haiku)}")

        #expect(
            difference.changes.map(\.key) == ["model_list[first].model_name", "model_list[first].litellm_params.model"])
    }

    @Test func `every property of the relay section is named after its key`() throws {
        let known = SettingKeys.relay
        let names = Mirror(reflecting: RelaySection()).children.compactMap(\.label).map(RelaySection.key(ofProperty:))

        #expect(Set(names) == known)
        #expect(RelaySection.liveKeys.isSubset(of: known))
    }
}

/// The keys that reading an empty configuration asks for.
private enum SettingKeys {
    static var relay: Set<String> {
        let tree = SourceTree(
            [ConfigurationSource(name: "test.yaml", text: "{}")], environment: EnvironmentVariables([:]))
        let known = ConfigurationReading(tree, environment: [:]).context.knownKeys
        return Set(known.filter { $0.hasPrefix("relay.") }.map { String($0.dropFirst("relay.".count)) })
    }
}

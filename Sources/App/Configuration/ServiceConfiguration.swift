public import Bedrock
public import Routing
import YAML

/// The whole configuration, checked: LiteLLM's sections and ours (contract, section 2).
public struct ServiceConfiguration: Sendable {
    /// `model_list`, in order; both arrays have the same order and length.
    public var deployments: [Deployment]
    public var bedrockDeployments: [BedrockDeployment]
    public var router: RouterSettings
    public var kafka: KafkaSection
    public var relay: RelaySection
    /// The process environment with `environment_variables:` filled in: what credentials are to be read from.
    public var environment: EnvironmentVariables
    /// The files it was read from, included ones too.
    public var files: [String]
    /// Each names its file, line and key.
    public var warnings: [ConfigurationProblem]
    fileprivate var origins: [DeploymentOrigin]
    var settings: SettingTable

    /// Reads, merges and checks `files` (later keys win; `include:` honoured). Environment variables come from
    /// `environment`. Throws every problem found, at once: by `furtherCheck`, too, which sees what could be read.
    public static func load(
        files: [String], environment: [String: String],
        furtherCheck: (ServiceConfiguration) -> [ConfigurationProblem] = { _ in [] }
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        var sources: [ConfigurationSource] = []
        var problems: [ConfigurationProblem] = []
        for file in files {
            switch SourceTree.read(file: file) {
            case .success(let source): sources.append(source)
            case .failure(let failure): problems += failure.problems
            }
        }
        return try load(sources, unread: problems, environment: environment, furtherCheck: furtherCheck)
    }

    /// Like `load(files:environment:)`, for texts at hand.
    public static func load(
        sources: [ConfigurationSource], environment: [String: String],
        furtherCheck: (ServiceConfiguration) -> [ConfigurationProblem] = { _ in [] }
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        try load(sources, unread: [], environment: environment, furtherCheck: furtherCheck)
    }

    /// `unread`: files that are missing from `sources`, which is wrong, but no reason to keep the rest quiet.
    private static func load(
        _ sources: [ConfigurationSource], unread: [ConfigurationProblem], environment: [String: String],
        furtherCheck: (ServiceConfiguration) -> [ConfigurationProblem]
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        let tree = SourceTree(sources, environment: EnvironmentVariables(environment))
        let unread = unread + tree.problems
        let reading = ConfigurationReading(tree, environment: environment, isWhole: unread.isEmpty)
        // What the parts look at is the whole.
        let errors = reading.context.errors + (unread.isEmpty ? furtherCheck(reading.configuration) : [])
        guard unread.isEmpty, errors.isEmpty else {
            throw ConfigurationErrors(problems: unread + errors.ordered(by: tree.files))
        }
        return reading.configuration
    }

    /// What the provider has found wrong with the deployment at `index` (`BedrockTargets`), with its file and line.
    public func problem(inDeployment index: Int, key: String, _ message: String) -> ConfigurationProblem {
        origins[index].problem(with: key, message)
    }

    /// Refuses a configuration that cannot `run`: LiteLLM's files load without brokers, but nothing is consumed so.
    public func requireBrokers() throws(ConfigurationErrors) {
        let problems = missingBrokers
        if !problems.isEmpty { throw ConfigurationErrors(problems: problems) }
    }

    /// The one problem of a configuration without brokers; empty where there are some.
    public var missingBrokers: [ConfigurationProblem] {
        guard !kafka.hasBrokers else { return [] }
        let message = "is missing, expected the brokers' addresses, such as localhost:9092"
        return [
            ConfigurationProblem(
                file: files.first ?? "configuration", line: 0, key: "kafka.bootstrap.servers", message: message)
        ]
    }
}

/// One pass over the tree: every section read, everything wrong collected.
struct ConfigurationReading {
    let context: ReadingContext
    let configuration: ServiceConfiguration

    /// `isWhole`: all files are in `tree`.
    init(_ tree: SourceTree, environment: [String: String], isWhole: Bool = true) {
        let variables = ReadingContext(environment: EnvironmentVariables(environment), isWhole: isWhole)
        let declared = SectionReader(
            tree.root["environment_variables"], at: KeyLocation().key("environment_variables"), variables)
        let environment = EnvironmentVariables(environment, defaults: declared)
        context = ReadingContext(environment: environment, continuing: variables)

        let root = SectionReader(tree.root, at: KeyLocation(), context)
        let settings = LiteLLMSettingsSection(reading: root.section("litellm_settings"))
        let defaults = tree.root["router_settings"]?["default_litellm_params"]
        let shared = DeploymentSection.Shared(
            environment: environment, profileRegions: ProfileRegions(environment: environment.reveal()),
            catalogue: .shipped, dropsUnsupportedParameters: settings.dropsUnsupportedParameters,
            defaultParameters: BodyParameters.read(
                defaults, at: KeyLocation().key("router_settings").key("default_litellm_params"), context),
            defaults: defaults)
        let models = ModelListSection(reading: root.value("model_list", .node), shared, context)
        let relay = RelaySection(reading: root.section("relay"))
        var router = RouterSettings(reading: root.section("router_settings"), over: settings)
        router.onCapacityExhausted = relay.onCapacityExhausted
        let kafka = KafkaSection(reading: root.section("kafka"))
        UnsupportedKeys.warnOfGeneralSettings(in: root.section("general_settings"))
        _ = root.value("environment_variables", .node)
        _ = root.value("include", .node)
        root.finish(unknownKeys: .areWarnings)
        context.checkGroups(of: models.deployments, router)
        context.checkPresence(of: models.deployments, root)
        configuration = ServiceConfiguration(
            deployments: models.deployments, bedrockDeployments: models.bedrockDeployments, router: router,
            kafka: kafka,
            relay: relay, environment: environment, files: tree.files,
            warnings: context.warnings.ordered(by: tree.files), origins: models.origins,
            settings: SettingTable(tree.root, environment: environment, knownKeys: context.knownKeys))
    }
}

extension ValueType<YAMLNode> {
    /// Taken as it stands, to be read by others.
    static var node: Self { ValueType { node, _, _ in .value(node) } }
}

extension ReadingContext {
    fileprivate func checkPresence(of deployments: [Deployment], _ root: SectionReader) {
        if deployments.isEmpty, errors.isEmpty {
            warn(
                root["model_list"] ?? root.node, root.location.key("model_list"),
                "has no deployments, so every request will be refused")
        }
    }

    /// Warns about group names in settings that no deployment, alias or routing group answers to.
    fileprivate func checkGroups(of deployments: [Deployment], _ router: RouterSettings) {
        let groups = Set(deployments.map(\.group))
        let names = groups.union(router.modelGroupAlias.keys).union(router.routingGroups.map(\.name))
            .union(deployments.map(\.id.rawValue)).union(deployments.map(\.model))
        let hasWildcard = groups.contains { $0.contains("*") }
        guard !groups.isEmpty, !hasWildcard else { return }
        for reference in groupReferences where !names.contains(reference.group) {
            let hint = EditDistance.nearest(to: reference.group, among: groups).map { "; did you mean \($0)?" } ?? ""
            warn(reference.node, reference.key, "\"\(reference.group)\" is not a model group of model_list\(hint)")
        }
    }
}

extension [ConfigurationProblem] {
    /// In the order in which a reader of `files` comes across them.
    fileprivate func ordered(by files: [String]) -> [ConfigurationProblem] {
        let rank = Dictionary(files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return enumerated().sorted { left, right in
            let (first, second) = (rank[left.element.file] ?? Int.max, rank[right.element.file] ?? Int.max)
            return (first, left.element.line, left.offset) < (second, right.element.line, right.offset)
        }.map(\.element)
    }
}

// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error), .enableUpcomingFeature("InternalImportsByDefault"),
    // Overlapping accesses that only a run can show are looked for in debug builds, which every test runs on: looking
    // takes 3 % of a request's instructions.
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release)),
]
let core: [SwiftSetting] = strict + [.strictMemorySafety()]
/// For programs that are installed: Swift's libraries are part of them. Calls within a program also touch less code than
/// those through tables do.
let standalone: [LinkerSetting] = [.unsafeFlags(["-static-stdlib"], .when(configuration: .release))]

/// A value-only target: no I/O, no clock, no C, no Foundation.
func core(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Core/\(name)", swiftSettings: core)
}

/// A thin wrapper over one C library or remote API.
func shell(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/Shell/\(name)", swiftSettings: strict)
}

func app(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/App/\(name)", swiftSettings: strict)
}

func tool(_ name: String, _ dependencies: [Target.Dependency], linkerSettings: [LinkerSetting] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: "Sources/Tools/\(name)", swiftSettings: strict,
        linkerSettings: linkerSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: [.byName(name: name)] + dependencies, resources: resources,
        swiftSettings: strict)
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(
        name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

let package = Package(
    name: "bedrock-relay",
    products: [
        .executable(name: "bedrock-relay", targets: ["BedrockRelay"]),
        .executable(name: "bedrock-simulator", targets: ["SimulatorTool"]),
        .executable(name: "kafka-mock", targets: ["KafkaMock"]),
        .executable(name: "relay-benchmarks", targets: ["Benchmarks"]),
        .executable(name: "routing-replay", targets: ["RoutingReplay"]),
        .executable(name: "converse-map", targets: ["ConverseMap"]),
    ],
    targets: [
        // System: the C headers, and the few C lines Swift cannot express; a file made part of the program.
        system("CRdKafka", pkgConfig: "rdkafka", apt: "librdkafka-dev"),
        system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
        system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
        system("CYaml", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
        .target(name: "CShims", dependencies: ["CCurl"], path: "Sources/System/CShims"),
        .target(name: "CModels", path: "Sources/System/CModels", exclude: ["bedrock-models.json"]),

        // Core: values and state machines.
        core("Time"),
        core("Redaction"),
        core("Indirection"),
        core("JSON"),
        core("Partitions"),
        core("Routing", ["ChatCompletions", "Indirection", "JSON", "Time"]),
        core("ChatCompletions", ["Indirection", "JSON"]),
        core("Metrics", ["JSON", "Time"]),

        // Shell: one thin wrapper per C library or remote API.
        shell("Threads"),
        shell("Logging", ["JSON", "Threads", "Time"]),
        shell("YAML", ["CYaml"]),
        shell("EventLoop", ["CShims", "Time"]),
        shell("HTTP", ["CCurl", "COpenSSL", "CShims", "EventLoop", "Logging", "Time"]),
        shell("Kafka", ["CRdKafka", "CShims", "EventLoop", "Logging", "Partitions", "Threads", "Time"]),
        shell("ProviderAPI", ["ChatCompletions", "EventLoop", "Indirection", "Routing", "Time"]),
        shell(
            "Bedrock",
            [
                "COpenSSL", "CShims", "ChatCompletions", "EventLoop", "HTTP", "JSON", "Logging", "ProviderAPI",
                "Redaction", "Routing", "Threads", "Time",
            ]),
        shell("AdminHTTP", ["CShims", "Logging", "Threads"]),

        // App: configuration, the request pipeline, the composition root.
        app(
            "Configuration",
            ["Bedrock", "CModels", "COpenSSL", "ChatCompletions", "JSON", "Redaction", "Routing", "YAML"]),
        app(
            "Pipeline",
            [
                "ChatCompletions", "EventLoop", "JSON", "Logging", "Metrics", "Partitions", "ProviderAPI", "Routing",
                "Time",
            ]),
        .executableTarget(
            name: "BedrockRelay",
            dependencies: [
                "AdminHTTP", "Bedrock", "CShims", "ChatCompletions", "Configuration", "EventLoop", "HTTP", "JSON",
                "Kafka", "Logging", "Metrics", "Partitions", "Pipeline", "ProviderAPI", "Redaction", "Routing",
                "Simulator", "Threads", "Time",
            ],
            path: "Sources/App/BedrockRelay",
            resources: ["html", "css", "js"].map { .embedInCode("Page/page.\($0)") }, swiftSettings: strict,
            linkerSettings: standalone),

        // Tools: a fake Bedrock and Kafka; timings; the replay of recorded routing scenarios; the mapping by itself.
        .target(name: "Processes", path: "Sources/Tools/Processes", swiftSettings: strict),
        .target(
            name: "Simulator", dependencies: ["CRdKafka", "CShims"], path: "Sources/Tools/Simulator",
            swiftSettings: strict),
        tool("SimulatorTool", ["Simulator"], linkerSettings: standalone),
        tool("KafkaMock", ["Simulator"]),
        tool(
            "Benchmarks",
            [
                "Bedrock", "CCurl", "COpenSSL", "CRdKafka", "CShims", "ChatCompletions", "EventLoop", "JSON",
                "Processes", "Redaction", "Routing", "Simulator", "Threads", "Time",
            ]),
        .target(
            name: "RoutingScenarios", dependencies: ["ChatCompletions", "Configuration", "JSON", "Routing", "Time"],
            path: "Sources/Tools/RoutingScenarios", swiftSettings: strict),
        tool("RoutingReplay", ["RoutingScenarios"]),
        tool("ConverseMap", ["Bedrock", "ChatCompletions", "Configuration"]),

        // Tests: one target per source target, and what they share.
        .target(name: "TestSupport", dependencies: ["Time"], path: "Tests/TestSupport", swiftSettings: strict),
        tests("Time"),
        tests("Redaction"),
        tests("Indirection"),
        tests("JSON", ["TestSupport"]),
        tests("Partitions", ["TestSupport"]),
        tests("Routing", ["ChatCompletions", "TestSupport", "Time"]),
        tests("ChatCompletions", ["JSON"]),
        tests("Metrics", ["JSON", "Time"]),
        tests("Threads"),
        tests("Logging", ["JSON", "Threads", "Time"]),
        tests("YAML", ["TestSupport"]),
        tests("EventLoop", ["TestSupport", "Time"]),
        tests("HTTP", ["EventLoop", "Logging", "Processes", "TestSupport", "Time"]),
        tests("Kafka", ["CRdKafka", "EventLoop", "Logging", "Partitions", "Simulator", "Time"]),
        tests(
            "Bedrock",
            [
                "ChatCompletions", "Configuration", "EventLoop", "HTTP", "JSON", "Logging", "ProviderAPI",
                "Processes", "Redaction", "Routing", "Simulator", "TestSupport", "Time",
            ],
            resources: [.copy("Fixtures")]),
        tests("AdminHTTP", ["Logging", "TestSupport", "Threads"]),
        tests("Configuration", ["Bedrock", "ChatCompletions", "Redaction", "Routing", "TestSupport", "Time", "YAML"]),
        tests(
            "Pipeline",
            [
                "ChatCompletions", "EventLoop", "JSON", "Logging", "Metrics", "Partitions", "ProviderAPI", "Routing",
                "TestSupport", "Time",
            ]),
        tests("BedrockRelay", ["Configuration", "HTTP", "Partitions", "Time"]),
        tests("Simulator", ["CRdKafka"]),
        tests("RoutingScenarios", ["Routing", "TestSupport", "Time"], resources: [.copy("Fixtures")]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu2x
)

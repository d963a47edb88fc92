import Time

/// What OpenTelemetry's GenAI conventions measure of the calls to one deployment: durations, tokens, first chunks.
struct GenAIMetrics: Sendable {
    private struct Operations: Sendable {
        /// Nil: those that succeeded.
        let errorType: String?
        var duration = Histogram(.genAIDuration)
    }

    let model: String
    private let region: String?
    private var operations: [Operations] = []
    private var timeToFirstChunk = Histogram(.genAIDuration)
    private var inputTokens = Histogram(.genAITokens)
    private var outputTokens = Histogram(.genAITokens)

    /// Error types come from a short list; beyond this many they share one.
    private static let maximumKinds = 32

    init(model: String, region: String?) {
        self.model = model
        self.region = region
    }

    mutating func record(_ attempt: RoutingEvent.Attempt) {
        operations[index(of: attempt.errorType)].duration.record(attempt.latency.inSeconds)
        if let time = attempt.timeToFirstToken { timeToFirstChunk.record(time.inSeconds) }
    }

    mutating func record(_ tokens: RoutingEvent.Tokens) {
        inputTokens.record(Double(tokens.prompt))
        outputTokens.record(Double(tokens.completion))
    }

    private mutating func index(of errorType: String?) -> Int {
        if let index = operations.firstIndex(where: { $0.errorType == errorType }) { return index }
        // The conventions' name for what has none of its own.
        let name = operations.count < Self.maximumKinds || errorType == nil ? errorType : "_OTHER"
        if let index = operations.firstIndex(where: { $0.errorType == name }) { return index }
        operations.append(Operations(errorType: name))
        return operations.count - 1
    }

    func append(to metrics: inout GenAIFamilies, group: String, deployment: String, server: OTLPServer?) {
        var attributes = [
            OTLPAttribute("gen_ai.operation.name", "chat"), OTLPAttribute("gen_ai.provider.name", "aws.bedrock"),
            OTLPAttribute("gen_ai.request.model", model), OTLPAttribute("bedrock_relay.model_group", group),
            OTLPAttribute("bedrock_relay.deployment.id", deployment),
        ]
        if let region { attributes.append(OTLPAttribute("cloud.region", region)) }
        if let server {
            attributes.append(OTLPAttribute("server.address", server.address))
            attributes.append(OTLPAttribute("server.port", server.port))
        }
        let answered = attributes + [OTLPAttribute("gen_ai.response.model", model)]
        for entry in operations {
            let own = entry.errorType.map { attributes + [OTLPAttribute("error.type", $0)] } ?? answered
            metrics.duration.append(.histogram(entry.duration), own)
        }
        for (type, tokens) in [("input", inputTokens), ("output", outputTokens)] where tokens.count > 0 {
            metrics.tokens.append(.histogram(tokens), answered + [OTLPAttribute("gen_ai.token.type", type)])
        }
        if timeToFirstChunk.count > 0 { metrics.firstChunk.append(.histogram(timeToFirstChunk), answered) }
    }
}

/// Where a deployment's calls go.
public struct OTLPServer: Hashable, Sendable {
    public var address: String
    public var port: Int

    public init(address: String, port: Int) {
        self.address = address
        self.port = port
    }
}

/// The GenAI metrics while they are being filled: names, units and buckets are the conventions'.
struct GenAIFamilies {
    var duration = OTLPMetric(
        name: "gen_ai.client.operation.duration", unit: "s", description: "GenAI operation duration.", kind: .histogram)
    var tokens = OTLPMetric(
        name: "gen_ai.client.token.usage", unit: "{token}", description: "Number of input and output tokens used.",
        kind: .histogram)
    var firstChunk = OTLPMetric(
        name: "gen_ai.client.operation.time_to_first_chunk", unit: "s",
        description: "Time until the first chunk of a streamed answer.", kind: .histogram)

    var all: [OTLPMetric] { [duration, tokens, firstChunk] }
}

extension Histogram.Bounds {
    static let genAIDuration = Histogram.Bounds([
        0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ])
    static let genAITokens = Histogram.Bounds([
        1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
    ])
}

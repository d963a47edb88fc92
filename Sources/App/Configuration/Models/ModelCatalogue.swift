import Bedrock
import FoundationEssentials
import Routing

/// What is known of one model: limits and prices in US dollars per token.
struct ModelCard: Sendable, Decodable {
    var id: String
    /// Set for rows that hold in one region only.
    var region: String?
    var maxInputTokens: Int?
    var maxOutputTokens: Int?
    var inputPrice: Double?
    var outputPrice: Double?
    var cacheReadPrice: Double?
    var cacheWritePrice: Double?
    private var supports: Supports?

    var supportsResponseSchema: Bool? { supports?.json_schema }

    var prices: Deployment.Prices? {
        guard let inputPrice, let outputPrice else { return nil }
        return Deployment.Prices(
            input: inputPrice, output: outputPrice, cacheRead: cacheReadPrice, cacheWrite: cacheWritePrice)
    }

    /// What the requests to this model may hold, as far as the catalogue says.
    var capabilities: ModelCapabilities {
        let baseModel = (try? BedrockModelString("bedrock/" + id))?.baseModel ?? id
        var capabilities = ModelCapabilities(baseModel: baseModel, reasons: supports?.reasoning)
        // Cohere's take tools, although the cost data knows nothing of it.
        capabilities.takesTools = supports?.tools != false || baseModel.hasPrefix("cohere.command-r")
        capabilities.takesToolChoice = supports?.tool_choice ?? true
        if supports?.strict_tools == false { capabilities.takesStrictTools = false }
        capabilities.takesParallelToolUseSetting = supports?.parallel_tool_use_config ?? false
        capabilities.hasStructuredOutput = supports?.native_structured_output ?? false
        capabilities.takesSamplingParameters = supports?.sampling_params ?? true
        capabilities.cachesPrompts = supports?.prompt_caching ?? false
        capabilities.cachesPromptsForAnHour = supports?.cache_ttl_1h ?? false
        return capabilities
    }

    private struct Supports: Sendable, Decodable {
        var json_schema: Bool?
        var sampling_params: Bool?
        var prompt_caching: Bool?
        var cache_ttl_1h: Bool?
        var tools: Bool?
        var tool_choice: Bool?
        var reasoning: Bool?
        var native_structured_output: Bool?
        var parallel_tool_use_config: Bool?
        var strict_tools: Bool?
    }

    private enum CodingKeys: String, CodingKey {
        case id, region, supports
        case maxInputTokens = "max_input_tokens"
        case maxOutputTokens = "max_output_tokens"
        case inputPrice = "input_cost_per_token"
        case outputPrice = "output_cost_per_token"
        case cacheReadPrice = "cache_read_input_token_cost"
        case cacheWritePrice = "cache_creation_input_token_cost"
    }
}

/// The models that Converse can serve, read once from `bedrock-models.json`.
struct ModelCatalogue: Sendable {
    private var cards: [String: [ModelCard]] = [:]

    var isEmpty: Bool { cards.isEmpty }

    func contains(_ id: String) -> Bool { cards[id] != nil }

    /// Empty when the JSON is not the catalogue's.
    init(json: [UInt8]) {
        struct File: Decodable { var models: [ModelCard] }
        guard let file = try? JSONDecoder().decode(File.self, from: Data(json)) else { return }
        cards = Dictionary(grouping: file.models, by: \.id)
    }

    /// The catalogue that ships with the program; empty when it is not found.
    static let shipped = ModelCatalogue(json: shippedJSON() ?? [])

    /// The card of `base_model` if it has one, else of the model: as inference profile first, then without its prefix.
    func card(for model: BedrockModelString, baseModel: String?, region: String) -> ModelCard? {
        let base = baseModel.flatMap { try? BedrockModelString($0.hasPrefix("bedrock/") ? $0 : "bedrock/" + $0) }
        let names = (base?.catalogueNames ?? []) + model.catalogueNames
        return names.lazy.compactMap { cards[$0] }.first.flatMap { rows in
            rows.first { $0.region == region } ?? rows.first { $0.region == nil }
        }
    }

    /// Found beside the executable, in SwiftPM's resource bundle while in the build tree (tests included), or under
    /// `share` once installed.
    private static func shippedJSON() -> [UInt8]? {
        guard let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
            let slash = executable.lastIndex(of: "/")
        else { return nil }
        let folder = executable[..<slash]
        let places = ["bedrock-relay_Configuration.resources", ".", "../share/bedrock-relay"]
        return places.lazy.compactMap { place in
            FileManager.default.contents(atPath: "\(folder)/\(place)/bedrock-models.json").map { Array($0) }
        }.first
    }
}

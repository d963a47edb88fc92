import Bedrock
import CModels
import JSON
import Routing

/// What is known of one model: limits and prices in US dollars per token.
struct ModelCard: Sendable {
    var id: String
    /// Set for rows that hold in one region only.
    var region: String?
    var maxInputTokens: Int?
    var maxOutputTokens: Int?
    var inputPrice: Double?
    var outputPrice: Double?
    var cacheReadPrice: Double?
    var cacheWritePrice: Double?
    fileprivate var supports: Supports?

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

    fileprivate struct Supports: Sendable {
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
}

extension ModelCard {
    /// Nil without an id.
    fileprivate init?(_ json: JSONValue) {
        guard let id = json["id"]?.string else { return nil }
        self.id = id
        region = json["region"]?.string
        maxInputTokens = json["max_input_tokens"]?.integer
        maxOutputTokens = json["max_output_tokens"]?.integer
        inputPrice = json["input_cost_per_token"]?.double
        outputPrice = json["output_cost_per_token"]?.double
        cacheReadPrice = json["cache_read_input_token_cost"]?.double
        cacheWritePrice = json["cache_creation_input_token_cost"]?.double
        supports = json["supports"].map { Supports($0) }
    }
}

extension ModelCard.Supports {
    fileprivate init(_ json: JSONValue) {
        json_schema = json["json_schema"]?.bool
        sampling_params = json["sampling_params"]?.bool
        prompt_caching = json["prompt_caching"]?.bool
        cache_ttl_1h = json["cache_ttl_1h"]?.bool
        tools = json["tools"]?.bool
        tool_choice = json["tool_choice"]?.bool
        reasoning = json["reasoning"]?.bool
        native_structured_output = json["native_structured_output"]?.bool
        parallel_tool_use_config = json["parallel_tool_use_config"]?.bool
        strict_tools = json["strict_tools"]?.bool
    }
}

/// The models that Converse can serve, read once from `bedrock-models.json`.
struct ModelCatalogue: Sendable {
    private var cards: [String: [ModelCard]] = [:]

    func contains(_ id: String) -> Bool { cards[id] != nil }

    /// Empty when the JSON is not the catalogue's.
    init(json: [UInt8]) {
        guard let models = try? JSONDocument(parsing: json).root["models"] else { return }
        cards = Dictionary(grouping: models.elements.compactMap { ModelCard($0) }, by: \.id)
    }

    /// The catalogue that ships within the program.
    static let shipped = ModelCatalogue(
        json: Array(UnsafeBufferPointer(start: cmodels_catalogue(), count: cmodels_catalogue_size())))

    /// The card of `base_model` if it has one, else of the model: as inference profile first, then without its prefix.
    func card(for model: BedrockModelString, baseModel: String?, region: String) -> ModelCard? {
        let base = baseModel.flatMap { try? BedrockModelString($0.hasPrefix("bedrock/") ? $0 : "bedrock/" + $0) }
        let names = (base?.catalogueNames ?? []) + model.catalogueNames
        return names.lazy.compactMap { cards[$0] }.first.flatMap { rows in
            rows.first { $0.region == region } ?? rows.first { $0.region == nil }
        }
    }
}

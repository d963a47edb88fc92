import Bedrock
import Routing
import YAML

/// One `model_list` entry (routing reference, 1.1; Bedrock reference, 1 to 4).
struct DeploymentSection {
    /// What entries need from elsewhere.
    struct Shared {
        var environment: EnvironmentVariables
        var profileRegions: ProfileRegions
        var catalogue: ModelCatalogue
        var dropsUnsupportedParameters: Bool
        /// `router_settings.default_litellm_params`; a deployment's own parameters win.
        var defaultParameters: [UInt8]?
        /// Where they are written.
        var defaults: YAMLNode?
    }

    var deployment: Deployment
    var bedrock: BedrockDeployment
    var origin: DeploymentOrigin

    /// Nil when group or model is missing or wrong, which is reported.
    init?(reading entry: SectionReader, _ shared: Shared) {
        let group = entry.required("model_name", .name)
        let parameters = entry.section("litellm_params")
        let info = entry.section("model_info")
        let provider = parameters.value("custom_llm_provider", .string)
        let written = parameters.required("model", .bedrockModel(provider: provider, shared.catalogue))
        let baseModel = info.value("base_model", .string)
        origin = DeploymentOrigin(parameters, defaults: shared.defaults)
        bedrock = BedrockDeployment(id: DeploymentID(""), model: written?.text ?? "")
        bedrock.dropsUnsupportedParameters = shared.dropsUnsupportedParameters
        bedrock.defaultParameters = BodyParameters.read(in: parameters, over: shared.defaultParameters)
        bedrock.read(parameters)
        deployment = Deployment(id: DeploymentID(""), group: group ?? "", model: bedrock.model, modelID: "")
        deployment.readLimits(entry, parameters, info)
        deployment.readRouting(parameters, info)
        deployment.defaultOutputTokens = bedrock.defaultParameters.flatMap(BodyParameters.outputLimit)
        let explicitID = info.value("id", .name)

        if let written {
            let environment = shared.environment.reveal()
            let region = written.name.region(
                parameter: bedrock.regionName, modelID: bedrock.modelID, environment: environment,
                profileRegion: shared.profileRegions.region(of: bedrock))
            let card = shared.catalogue.card(for: written.name, baseModel: baseModel, region: region)
            deployment.region = region
            deployment.modelID = bedrock.modelID ?? written.name.id
            deployment.readModel(parameters, info, card)
            if deployment.prices == nil, deployment.modelID.contains("*") {
                deployment.lookUpPrices = { [catalogue = shared.catalogue] id in
                    guard let name = try? BedrockModelString("bedrock/" + id) else { return nil }
                    return catalogue.card(for: name, baseModel: nil, region: region)?.prices
                }
            }
            bedrock.capabilities = card?.capabilities
            bedrock.warn(about: written.name, parameters, environment)
        }
        deployment.account = bedrock.account(in: shared.environment)
        for section in [parameters, info, entry] { section.finish(unknownKeys: .areWarnings) }
        guard let group, written != nil else { return nil }
        let id = DeploymentID(explicitID ?? DeploymentDigest.of(group: group, parameters))
        deployment.id = id
        bedrock.id = id
    }
}

extension Deployment {
    /// Limits are taken from the entry, then `litellm_params`, then `model_info`; some rules know `litellm_params` only.
    fileprivate mutating func readLimits(_ entry: SectionReader, _ parameters: SectionReader, _ info: SectionReader) {
        let requests = [entry, parameters, info].map { $0.value("rpm", .count) }
        let tokens = [entry, parameters, info].map { $0.value("tpm", .count) }
        self.parameters = Limits(requestsPerMinute: requests[1], tokensPerMinute: tokens[1])
        limits = Limits(
            requestsPerMinute: requests.lazy.compactMap(\.self).first,
            tokensPerMinute: tokens.lazy.compactMap(\.self).first)
        parameters.read("itpm", .count, into: &inputTokensPerMinute)
        parameters.read("otpm", .count, into: &outputTokensPerMinute)
        parameters.read("max_parallel_requests", .integer(in: 1...Int.max), into: &maxParallelRequests)
        parameters.read("weight", .number(in: 0...1e15), into: &weight)
    }

    fileprivate mutating func readRouting(_ parameters: SectionReader, _ info: SectionReader) {
        let orders = [parameters, info].map { $0.value("order", .integer(in: Int.min...Int.max)) }
        order = orders[0] ?? orders[1]
        let cooldowns = [info, parameters].map { $0.value("cooldown_time", .seconds()) }
        cooldownTime = cooldowns[0] ?? cooldowns[1]
        parameters.read("tags", .list(of: .string), into: &tags)
        parameters.read("tag_regex", .list(of: .regularExpression), into: &tagPatterns)
        parameters.read("timeout", .timeout, into: &timeout)
        parameters.read("request_timeout", .timeout, into: &requestTimeout)
        parameters.read("stream_timeout", .timeout, into: &streamTimeout)
        if timeout == .zero { timeout = nil }
        if requestTimeout == .zero { requestTimeout = nil }
        if streamTimeout == .zero { streamTimeout = nil }
        parameters.read("num_retries", .retries, into: &numRetries)
        parameters.read("region_name", .string, into: &regionName)
        parameters.read("mock_response", .string, into: &mockResponse)
        info.read("allowed_fails", .count, into: &allowedFails)
        info.read("allowed_fails_policy", .allowedFailsPolicy, into: &allowedFailsPolicy)
        info.read("blocked", .boolean, into: &isBlocked)
    }

    /// What the model can do and costs: as written, else as the catalogue has it.
    fileprivate mutating func readModel(_ parameters: SectionReader, _ info: SectionReader, _ card: ModelCard?) {
        let price = { (key: String) -> Double? in
            let written = [parameters, info].map { $0.value(key, .number(in: 0...1e15)) }
            return written[0] ?? written[1]
        }
        let (input, output) = (price("input_cost_per_token"), price("output_cost_per_token"))
        let (cacheRead, cacheWrite) = (price("cache_read_input_token_cost"), price("cache_creation_input_token_cost"))
        if let input = input ?? card?.inputPrice, let output = output ?? card?.outputPrice {
            prices = Prices(
                input: input, output: output, cacheRead: cacheRead ?? card?.cacheReadPrice,
                cacheWrite: cacheWrite ?? card?.cacheWritePrice)
        }
        maxInputTokens = info.value("max_input_tokens", .count) ?? card?.maxInputTokens
        let (outputTokens, tokens) = (info.value("max_output_tokens", .count), info.value("max_tokens", .count))
        maxOutputTokens = outputTokens ?? tokens ?? card?.maxOutputTokens
        supportsResponseSchema = info.value("supports_response_schema", .boolean) ?? card?.supportsResponseSchema
        info.read("reserve_output_tokens", .boolean, into: &reservesOutputTokens)
    }
}

extension ValueType<(text: String, name: BedrockModelString)> {
    /// `litellm_params.model`. As in LiteLLM, the prefix may be missing with `custom_llm_provider: bedrock`, and from
    /// ids that are in the catalogue.
    fileprivate static func bedrockModel(provider: String?, _ catalogue: ModelCatalogue) -> Self {
        ValueType { node, key, context in
            let reading = ValueType<String>.string.read(node, key, context)
            guard case .value(var text) = reading else { return reading.isAbsent ? .absent : .invalid }
            let isBedrock = provider == "bedrock" || catalogue.contains(text)
            if isBedrock, !text.hasPrefix("bedrock/") { text = "bedrock/" + text }
            do {
                return .value((text, try BedrockModelString(text)))
            } catch {
                context.error(node, key, "\(error)")
                return .invalid
            }
        }
    }
}

extension ValueType.Reading {
    fileprivate var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension ValueType<String> {
    /// What a group or a deployment is called.
    static var name: Self { string("a name") { !$0.isEmpty } }

    fileprivate static var regularExpression: Self {
        string("a regular expression") { (try? Regex($0)) != nil }
    }
}

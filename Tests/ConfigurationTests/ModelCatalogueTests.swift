import Bedrock
import Testing

@testable import Configuration

@Suite struct ModelCatalogueTests {
    private func card(_ model: String, baseModel: String? = nil, region: String = "us-east-1") throws -> ModelCard? {
        ModelCatalogue.shipped.card(for: try BedrockModelString(model), baseModel: baseModel, region: region)
    }

    private static let haiku = "anthropic.claude-3-haiku-20240307-v1:0"

    @Test func `the shipped catalogue is found from a test, too`() throws {
        let card = try #require(try card("bedrock/\(Self.haiku)"))
        #expect(card.maxInputTokens == 200_000)
        #expect(card.maxOutputTokens == 4096)
        #expect(card.inputPrice == 2.5e-7)
        #expect(card.outputPrice == 1.25e-6)
        #expect(card.supportsResponseSchema == true)
    }

    @Test(arguments: [
        "bedrock/converse/\(haiku)", "bedrock/us-east-1/\(haiku)", "bedrock/us.\(haiku)", "bedrock/in.\(haiku)",
        "bedrock/\(haiku):51k",
    ])
    func `route, region, profile and context suffix do not hide a model`(_ model: String) throws {
        #expect(try card(model)?.inputPrice == 2.5e-7)
    }

    @Test func `a region's own row wins in that region only`() throws {
        #expect(try card("bedrock/\(Self.haiku)", region: "us-gov-west-1")?.inputPrice == 3e-7)
        #expect(try card("bedrock/\(Self.haiku)", region: "eu-west-1")?.inputPrice == 2.5e-7)
    }

    @Test func `the base model is looked up first, and the model where it is unknown`() throws {
        let arn = "bedrock/arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc"
        #expect(try card(arn) == nil)
        #expect(try card(arn, baseModel: Self.haiku)?.id == Self.haiku)
        #expect(try card(arn, baseModel: "bedrock/us.\(Self.haiku)")?.id == "us.\(Self.haiku)")
        #expect(try card("bedrock/\(Self.haiku)", baseModel: "nonsense")?.id == Self.haiku)
    }

    @Test func `a model behind an ARN is asked as its base model is`() throws {
        let arn = "bedrock/arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc"
        let text = """
            model_list:
              - model_name: a
                litellm_params: {model: "\(arn)"}
                model_info: {base_model: us.anthropic.claude-sonnet-4-5-20250929-v1:0}
            """
        let capabilities = try load(text).bedrockDeployments[0].capabilities
        #expect(capabilities?.family == .claude)
        #expect(capabilities?.reasoning == .thinkingBudget)
        #expect(capabilities?.hasStructuredOutput == true)
    }

    @Test func `an ARN that hides its model may be asked to think, and to cache`() throws {
        let hidden = try BedrockModelString("bedrock/arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc")
        #expect(ModelCapabilities(catalogued: hidden).reasoning == .thinkingBudget)
        #expect(ModelCapabilities(catalogued: hidden).cachesPrompts)
        let unknown = ModelCapabilities(catalogued: try BedrockModelString("bedrock/some.model"))
        #expect(unknown.reasoning == .fixed)
        #expect(unknown.cachesPrompts)
    }

    @Test(arguments: [
        ("us.anthropic.claude-opus-4-7", false), ("anthropic.claude-sonnet-4-20250514-v1:0", false),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", true), ("amazon.nova-lite-v1:0", false),
    ])
    func `strict tools are for those of Claude's that take them`(_ model: String, _ takes: Bool) throws {
        #expect(ModelCapabilities(catalogued: try BedrockModelString("bedrock/" + model)).takesStrictTools == takes)
    }

    @Test func `Cohere's models take tools`() throws {
        let model = try BedrockModelString("bedrock/cohere.command-r-plus-v1:0")
        #expect(ModelCapabilities(catalogued: model).takesTools)
    }

    @Test func `a model without a prefix is Bedrock's if the catalogue has it`() throws {
        let text = "model_list: [{model_name: a, litellm_params: {model: \"\(Self.haiku)\"}}]"
        #expect(try load(text).bedrockDeployments[0].model == "bedrock/\(Self.haiku)")
    }

    @Test(arguments: ["", "{", "{\"models\": 3}", "[]"])
    func `what is not a catalogue is an empty one`(_ text: String) throws {
        #expect(!ModelCatalogue(json: Array(text.utf8)).contains(Self.haiku))
    }
}

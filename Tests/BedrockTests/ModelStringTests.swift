import Bedrock
import Testing

@Suite struct ModelStringTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var route: BedrockModelString.Route?
        var region: String?
        var id: String
        var testDescription: String { text }

        init(_ text: String, route: BedrockModelString.Route? = nil, region: String? = nil, id: String) {
            self.text = text
            self.route = route
            self.region = region
            self.id = id
        }
    }

    static let haiku = "anthropic.claude-3-haiku-20240307-v1:0"
    static let profile = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc"

    @Test(arguments: [
        Case("bedrock/\(haiku)", id: haiku),
        Case("bedrock/converse/\(haiku)", route: .converse, id: haiku),
        Case("bedrock/us-west-2/\(haiku)", region: "us-west-2", id: haiku),
        Case("bedrock/converse/us-gov-west-1/\(haiku)", route: .converse, region: "us-gov-west-1", id: haiku),
        Case("bedrock/us.\(haiku)", id: "us.\(haiku)"),
        Case("bedrock/\(profile)", id: profile),
        Case(
            "bedrock/nova/arn:aws:bedrock:us-east-1:1:imported-model/x", route: .nova,
            id: "arn:aws:bedrock:us-east-1:1:imported-model/x"),
        Case("bedrock/nova-2/x.y", route: .nova2, id: "x.y"),
        Case("bedrock/invoke/\(haiku)", route: .invoke, id: haiku),
        Case("bedrock/nowhere/\(haiku)", id: "nowhere/\(haiku)"),
        Case("bedrock/\(haiku)[1m]", id: "\(haiku)[1m]"),
    ])
    func `a model string is taken apart into route, region and id`(_ expected: Case) throws {
        let model = try BedrockModelString(expected.text)
        #expect(model.route == expected.route)
        #expect(model.regionSegment == expected.region)
        #expect(model.id == expected.id)
    }

    @Test(arguments: ["converse/x.y", "bedrock_converse/x.y", "openai/gpt-4o", "anthropic.claude-v2", ""])
    func `only strings with the bedrock prefix are Bedrock's`(_ text: String) {
        #expect(throws: BedrockModelStringError.notBedrock(text)) { try BedrockModelString(text) }
    }

    @Test(arguments: ["openai", "mantle", "agent", "agentcore", "async_invoke", "claude_platform"])
    func `routes to other AWS APIs are refused`(_ route: String) {
        #expect(throws: BedrockModelStringError.unsupportedRoute(route)) {
            try BedrockModelString("bedrock/\(route)/\(Self.haiku)")
        }
    }

    @Test func `an id is 1 to 2048 characters long`() throws {
        #expect(throws: BedrockModelStringError.self) { try BedrockModelString("bedrock/") }
        #expect(throws: BedrockModelStringError.self) { try BedrockModelString("bedrock/converse/us-east-1/") }
        #expect(throws: BedrockModelStringError.self) {
            try BedrockModelString("bedrock/" + String(repeating: "a", count: 2049))
        }
        _ = try BedrockModelString("bedrock/" + String(repeating: "a", count: 2048))
    }

    @Test(arguments: [
        ("bedrock/invalid", true), ("bedrock/converse/invalid", false), ("bedrock/us-west-2/invalid", false),
        ("bedrock/meta.llama3", false), ("bedrock/\(profile)", false), ("bedrock/model:0", false),
    ])
    func `a bare word names no provider`(_ text: String, _ isUnknown: Bool) throws {
        #expect(try BedrockModelString(text).isUnknownProvider == isUnknown)
    }

    @Test func `the region comes from parameter, path, ARN, environment and default, in this order`() throws {
        let plain = try BedrockModelString("bedrock/us.\(Self.haiku)")
        let inPath = try BedrockModelString("bedrock/us-west-1/\(Self.haiku)")
        let arn = try BedrockModelString("bedrock/\(Self.profile)")
        let environment = ["AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "sa-east-1"]

        #expect(plain.region(parameter: nil, environment: [:]) == "us-west-2")
        #expect(plain.region(parameter: nil, environment: environment) == "eu-central-1")
        #expect(
            plain.region(parameter: nil, environment: ["AWS_REGION": "", "AWS_DEFAULT_REGION": "sa-east-1"])
                == "sa-east-1")
        #expect(plain.region(parameter: nil, environment: [:], profileRegion: "eu-north-1") == "eu-north-1")
        #expect(plain.region(parameter: nil, modelID: Self.profile, environment: environment) == "eu-west-1")
        #expect(inPath.region(parameter: nil, environment: environment) == "us-west-1")
        #expect(arn.region(parameter: nil, environment: environment) == "eu-west-1")
        #expect(arn.region(parameter: "us-east-1", environment: environment) == "us-east-1")
        #expect(arn.impliedRegion() == "eu-west-1")
    }

    @Test(arguments: [
        ("bedrock/\(haiku)", [haiku]),
        ("bedrock/eu.\(haiku)", ["eu.\(haiku)", haiku]),
        ("bedrock/us-gov.\(haiku)[1m]", ["us-gov.\(haiku)", haiku]),
        ("bedrock/converse/us-east-1/\(haiku):51k", [haiku]),
        ("bedrock/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.\(haiku)", ["eu.\(haiku)", haiku]),
        ("bedrock/meta.llama:k", ["meta.llama:k"]),
    ])
    func `prices are looked up by profile first, then by base model`(_ text: String, _ names: [String]) throws {
        let model = try BedrockModelString(text)
        #expect(model.catalogueNames == names)
        #expect(model.baseModel == names.last)
    }
}

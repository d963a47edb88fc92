import Processes
import Redaction
import Routing
import Testing

@testable import Bedrock

@Suite struct BedrockTargetsTests {
    private static func deployment(
        _ model: String, _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) -> BedrockDeployment {
        var deployment = BedrockDeployment(id: DeploymentID(model), model: model)
        change(&deployment)
        return deployment
    }

    private static func url(
        _ model: String, _ environment: [String: String] = [:], _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) throws -> String {
        let targets = try BedrockTargets(deployments: [deployment(model, change)], environment: environment)
        return try targets.target(at: 0, model: model).whole.url.text
    }

    @Test(arguments: [
        (
            "bedrock/anthropic.claude-3-haiku-20240307-v1:0",
            "https://bedrock-runtime.us-west-2.amazonaws.com/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
        ),
        ("bedrock/converse/eu-west-1/m.x", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m.x/converse"),
        ("bedrock/converse/invalid", "https://bedrock-runtime.us-west-2.amazonaws.com/model/invalid/converse"),
        ("bedrock/m.x[1m]", "https://bedrock-runtime.us-west-2.amazonaws.com/model/m.x%5B1m%5D/converse"),
        (
            "bedrock/arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc",
            "https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc/converse"
        ),
    ])
    func `a model string becomes a URL`(_ model: String, _ url: String) throws {
        #expect(try Self.url(model) == url)
    }

    @Test func `model_id replaces the id in the URL, and its ARN names the region`() throws {
        let url = try Self.url("bedrock/anthropic.claude-x", ["AWS_REGION": "us-east-1"]) {
            $0.modelID = "arn:aws:bedrock:eu-west-3:1:provisioned-model/p"
        }
        #expect(
            url
                == "https://bedrock-runtime.eu-west-3.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-3%3A1%3Aprovisioned-model%2Fp/converse"
        )
    }

    @Test func `a profile of the shared files tells region and endpoint`() throws {
        let config = """
            [profile work]
            region = eu-north-1
            services = gateways
            [services gateways]
            sts =
              endpoint_url = https://sts.example.com
            bedrock_runtime =
              endpoint_url = https://bedrock.example.com/eu
            [profile plain]
            region = eu-north-1
            """
        let files = try TemporaryFolder()
        defer { withExtendedLifetime(files) {} }
        let environment = try files.environment(
            config: config, ["AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"])
        let urls = try ["work", "plain"].map { name in
            try Self.url("bedrock/m.x", environment.merging(["AWS_PROFILE": name]) { $1 })
        }
        #expect(
            urls == [
                "https://bedrock.example.com/eu/model/m.x/converse",
                "https://bedrock-runtime.eu-north-1.amazonaws.com/model/m.x/converse",
            ])
    }

    @Test func `all problems of all deployments are reported at once`() {
        let deployments = [
            Self.deployment("openai/gpt-4"), Self.deployment("bedrock/m.x"),
            Self.deployment("bedrock/m.y") { $0.profileName = "r" },
            Self.deployment("bedrock/m.z") { $0.apiBase = "nonsense" },
            Self.deployment("bedrock/m.b") {
                $0.apiKey = Secret("key")
                $0.apiBase = "http://gateway.example.com"
            }, Self.deployment("bedrock/m.r") { $0.regionName = "a/b" },
        ]
        let error = #expect(throws: BedrockConfigurationError.self) {
            try BedrockTargets(deployments: deployments, environment: [:])
        }
        #expect(error?.problems.map(\.deploymentIndex) == [0, 2, 3, 4, 5])
        #expect(error?.problems.map(\.key) == ["model", "aws_profile_name", "api_base", "api_key", "aws_region_name"])
        #expect(error?.description.contains("key") == true)
    }

    @Test func `an unknown provider is no problem at load: samples force fallbacks with it`() throws {
        let targets = try BedrockTargets(deployments: [Self.deployment("bedrock/invalid")], environment: [:])
        #expect(throws: (any Error).self) { try targets.target(at: 0, model: "bedrock/invalid") }
    }

    @Test func `a wildcard is filled with what the request names`() throws {
        let targets = try BedrockTargets(
            deployments: [Self.deployment("bedrock/*")], environment: ["AWS_REGION": "eu-north-1"])
        let target = try targets.target(at: 0, model: "bedrock/m.x")
        #expect(target.whole.url.text == "https://bedrock-runtime.eu-north-1.amazonaws.com/model/m.x/converse")
        for model in ["bedrock/", "bedrock/agent/x", "bedrock/arn:aws:bedrock:evil/host:1:a/b", "nothing"] {
            #expect(throws: (any Error).self) { try targets.target(at: 0, model: model) }
        }
    }

    @Test func `check is told where credentials come from, and no secret`() throws {
        let targets = try BedrockTargets(
            deployments: [
                Self.deployment("bedrock/m.x") {
                    $0.accessKeyID = "AKID"
                    $0.secretAccessKey = Secret("hush")
                }
            ], environment: [:])
        #expect(targets.describeCredentials(of: DeploymentID("bedrock/m.x")) == "access key from aws_access_key_id")
        #expect(targets.describeCredentials(of: DeploymentID("other")) == "no such deployment")
    }
}

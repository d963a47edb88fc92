import Redaction
import Routing
import Testing

@testable import Bedrock

@Suite struct DefaultParametersTests {
    private func problems(_ defaults: String) -> [String] {
        var deployment = BedrockDeployment(
            id: DeploymentID("d"), model: "bedrock/anthropic.claude-3-haiku-20240307-v1:0")
        deployment.defaultParameters = Array(defaults.utf8)
        do throws(BedrockConfigurationError) {
            _ = try BedrockTargets(deployments: [deployment], environment: [:])
            return []
        } catch {
            return error.problems.map { "\($0.key): \($0.message)" }
        }
    }

    @Test(arguments: [
        (#"{"temperature":"hot"}"#, "temperature: expected a number"),
        (#"{"max_tokens":0}"#, "max_tokens: expected an integer of at least 1"),
        (#"{"max_tokens":-5,"temperature":0}"#, "max_tokens: expected an integer of at least 1"),
        (#"{"stop":[1]}"#, "stop: expected a string or a list of strings"),
        (#"{"requestMetadata":{"a":1}}"#, "requestMetadata: requestMetadata.a: expected a string"),
        (#"{"tools":[{"function":{}}]}"#, "tools: tools[0].function.name: expected a non-empty string"),
    ])
    func `what every request would be refused for is the configuration's mistake`(_ defaults: String, _ problem: String)
    {
        #expect(problems(defaults) == [problem])
    }

    @Test(arguments: [
        #"{"temperature":0.2,"max_tokens":100,"stop":["x"]}"#, #"{"tool_choice":"required"}"#,
        #"{"modify_params":true}"#,
        #"{"reasoning_effort":"low"}"#, #"{"temperature":null}"#,
    ])
    func `what depends on the request or the model is none`(_ defaults: String) {
        #expect(problems(defaults).isEmpty)
    }
}

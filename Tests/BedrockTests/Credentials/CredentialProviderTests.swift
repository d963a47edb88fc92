import Redaction
import Routing
import Testing

@testable import Bedrock

@Suite struct CredentialProviderTests {
    /// Without shared files: the environment names no home.
    private static func provider(
        _ deployment: BedrockDeployment, environment: [String: String]
    ) throws -> CredentialProvider {
        try CredentialProvider(
            deployment, region: "us-west-2", environment: environment,
            profiles: SharedProfiles(environment: environment))
    }

    private static let environmentKeys = [
        "AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "env-secret", "AWS_SESSION_TOKEN": "env-token",
    ]

    private static func deployment(_ change: (inout BedrockDeployment) -> Void = { _ in }) -> BedrockDeployment {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        change(&deployment)
        return deployment
    }

    private static let withKeys = deployment {
        $0.accessKeyID = "AKIDOWN"
        $0.secretAccessKey = Secret("own-secret")
    }

    @Test func `a deployment's keys win over the environment's, whose token stays out`() throws {
        let provider = try Self.provider(Self.withKeys, environment: Self.environmentKeys)

        #expect(provider.source == .fixed(Credentials(accessKeyID: "AKIDOWN", secretAccessKey: Secret("own-secret"))))
        #expect(provider.description == "access key from aws_access_key_id")
    }

    @Test func `the environment's keys come with its token`() throws {
        let provider = try Self.provider(Self.deployment(), environment: Self.environmentKeys)

        #expect(
            provider.source
                == .fixed(
                    Credentials(
                        accessKeyID: "AKIDENV", secretAccessKey: Secret("env-secret"), sessionToken: Secret("env-token")
                    )))
        #expect(provider.description == "temporary access key from AWS_ACCESS_KEY_ID")
    }

    @Test func `until when the environment's keys are good is told, and must be a time`() throws {
        func keys(until expiration: String) -> [String: String] {
            Self.environmentKeys.merging(["AWS_CREDENTIAL_EXPIRATION": expiration]) { _, new in new }
        }
        let provider = try Self.provider(Self.deployment(), environment: keys(until: "2026-01-02T03:04:05Z"))
        #expect(provider.description == "temporary access key from AWS_ACCESS_KEY_ID, good until 2026-01-02T03:04:05Z")

        let own = try Self.provider(Self.withKeys, environment: keys(until: "2026-01-02T03:04:05Z"))
        #expect(own.description == "access key from aws_access_key_id")

        let error = #expect(throws: CredentialError.self) {
            try Self.provider(Self.deployment(), environment: keys(until: "tomorrow"))
        }
        #expect(error?.key == "AWS_CREDENTIAL_EXPIRATION")
    }

    @Test func `a deployment's own session token is used`() throws {
        var deployment = Self.withKeys
        deployment.sessionToken = Secret("own-token")

        let provider = try Self.provider(deployment, environment: [:])

        guard case .fixed(let credentials) = provider.source else { throw TestFailure() }
        #expect(credentials.sessionToken == Secret("own-token"))
    }

    @Test func `an API key wins over everything, the deployment's over the environment's`() throws {
        var deployment = Self.withKeys
        let environment = ["AWS_BEARER_TOKEN_BEDROCK": "env-key"]
        let fromEnvironment = try Self.provider(deployment, environment: environment)
        #expect(fromEnvironment.source == .bearer(Secret("env-key")))
        #expect(fromEnvironment.description.contains("AWS_BEARER_TOKEN_BEDROCK, which wins over aws_access_key_id"))

        deployment.apiKey = Secret("own-key")
        #expect(try Self.provider(deployment, environment: environment).source == .bearer(Secret("own-key")))
    }

    @Test func `nothing at all is no error at load`() throws {
        let provider = try Self.provider(Self.deployment(), environment: ["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(provider.source == .missing)
        #expect(provider.description.contains("401"))
    }

    @Test func `variables of the ambient chain do not matter once there are keys`() throws {
        let environment = Self.environmentKeys.merging(["AWS_PROFILE": "work"]) { $1 }
        #expect(try Self.provider(Self.deployment(), environment: environment).origin == "AWS_ACCESS_KEY_ID")
    }

    @Test func `half a pair of keys is an error`() {
        let idOnly = #expect(throws: CredentialError.self) {
            try Self.provider(Self.deployment { $0.accessKeyID = "AKID" }, environment: [:])
        }
        #expect(idOnly?.key == "aws_access_key_id")
        let secretOnly = #expect(throws: CredentialError.self) {
            try Self.provider(Self.deployment(), environment: ["AWS_SECRET_ACCESS_KEY": "s"])
        }
        #expect(secretOnly?.key == "AWS_SECRET_ACCESS_KEY")
    }

    @Test(arguments: ["with blank", "line\nbreak", "\r\nX-Evil: 1", "caf\u{E9}"])
    func `what cannot be a header's value is refused, unseen`(_ key: String) {
        let error = #expect(throws: CredentialError.self) {
            try Self.provider(Self.deployment { $0.apiKey = Secret(key) }, environment: [:])
        }
        #expect(error?.key == "api_key")
        #expect(error?.message.contains(key) == false)
    }

    struct TestFailure: Error {}
}

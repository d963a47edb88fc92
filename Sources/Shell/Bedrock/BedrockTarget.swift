import HTTP
import JSON
import Redaction

/// Everything about calling one model of one deployment that does not change from call to call. A class, because every
/// call takes it out of a table: one reference to count instead of a dozen.
final class BedrockTarget: Sendable {
    enum Authentication: Sendable {
        /// Complete headers: an API key is sent as it is.
        case bearer(headers: [String])
        case signature(SigningTarget)
    }

    /// One of Bedrock's operations on the model: where it is, and how calls of it are authenticated.
    final class Operation: Sendable {
        let url: HTTPURL
        let authentication: Authentication

        init(url: HTTPURL, authentication: Authentication) {
            self.url = url
            self.authentication = authentication
        }
    }

    /// `Converse` and `ConverseStream`.
    let whole: Operation
    let streamed: Operation
    /// What the endpoint's clock is known under.
    let host: String
    let server: (host: String, port: Int)
    /// Whose keys sign: equal ones share them.
    let credentials: CredentialSource
    let converse: ConverseTarget

    init(_ model: BedrockModelString, _ plan: DeploymentPlan) throws(EndpointError) {
        let region = plan.region(of: model)
        let endpoint = try plan.endpoint(in: region)
        let modelID = plan.deployment.modelID ?? model.id
        func operation(_ name: String) -> Operation {
            let path = endpoint.path(modelID: modelID, operation: name)
            return Operation(
                url: HTTPURL(endpoint.url(path: path)),
                authentication: Authentication(plan.credentials.source, endpoint, path: path, region: region))
        }
        whole = operation("converse")
        streamed = operation("converse-stream")
        host = endpoint.host
        server = endpoint.server
        credentials = plan.credentials.source
        var converse = ConverseTarget(
            model: model.id,
            capabilities: plan.deployment.capabilities ?? ModelCapabilities(undescribed: model),
            dropsUnsupportedParameters: plan.deployment.dropsUnsupportedParameters)
        converse.defaults = plan.deployment.defaultParameters.flatMap { try? JSONDocument(parsing: $0) }
        self.converse = converse
    }
}

extension BedrockTarget.Authentication {
    fileprivate init(_ source: CredentialSource, _ endpoint: Endpoint, path: String, region: String) {
        switch source {
        case .bearer(let key):
            self = .bearer(headers: ["Content-Type: application/json", "Authorization: Bearer \(key.reveal())"])
        case .fixed, .sharedKeys, .process, .webIdentity, .role, .container, .instanceMetadata, .missing:
            self = .signature(SigningTarget(host: endpoint.host, path: path, region: region))
        }
    }
}

/// One deployment's parameters with what was resolved from them and the environment.
struct DeploymentPlan: Sendable {
    var deployment: BedrockDeployment
    var credentials: CredentialProvider
    var environment: [String: String]
    /// The shared-config profile, for region and endpoint.
    var profile: SharedProfile?

    func region(of model: BedrockModelString) -> String {
        model.region(
            parameter: deployment.regionName, modelID: deployment.modelID, environment: environment,
            profileRegion: profile?["region"])
    }

    func endpoint(in region: String) throws(EndpointError) -> Endpoint {
        let endpoint = try Endpoint.resolve(deployment, region: region, environment: environment, profile: profile)
        if case .bearer = credentials.source, !endpoint.mayCarryBearerToken {
            throw EndpointError(
                key: credentials.origin,
                message:
                    "an API key is sent over https only, or over http to this machine; the endpoint is http://\(endpoint.host)"
            )
        }
        return endpoint
    }
}

extension DeploymentPlan {
    init(
        _ deployment: BedrockDeployment, environment: [String: String], profiles: SharedProfiles
    ) throws(CredentialError) {
        let profile = profiles.profile(of: deployment, environment)
        // A model that cannot be parsed is reported as such; until then any region does.
        let model = try? BedrockModelString(deployment.model)
        let stsRegion =
            model?.region(
                parameter: deployment.regionName, modelID: deployment.modelID, environment: environment,
                profileRegion: profile?["region"]) ?? "us-west-2"
        self.deployment = deployment
        self.environment = environment
        self.profile = profile
        credentials = try CredentialProvider(
            deployment, region: stsRegion, environment: environment, profiles: profiles)
    }
}

import Redaction

/// Everything about calling one model of one deployment that does not change from call to call. A class, because every
/// call takes it out of a table: one reference to count instead of a dozen.
final class BedrockTarget: Sendable {
    enum Authentication: Sendable {
        /// Complete headers: an API key is sent as it is.
        case bearer(headers: [String])
        case signature(SigningTarget, Credentials)
        case missing
    }

    let url: String
    /// What the endpoint's clock is known under.
    let host: String
    let authentication: Authentication
    let converse: ConverseTarget

    init(_ model: BedrockModelString, _ plan: DeploymentPlan) throws(EndpointError) {
        let region = plan.region(of: model)
        let endpoint = try plan.endpoint(in: region)
        let path = endpoint.path(modelID: plan.deployment.modelID ?? model.id, operation: "converse")
        url = endpoint.url(path: path)
        host = endpoint.host
        authentication =
            switch plan.credentials.source {
            case .bearer(let key):
                .bearer(headers: ["Content-Type: application/json", "Authorization: Bearer \(key.reveal())"])
            case .fixed(let credentials):
                .signature(SigningTarget(host: endpoint.host, path: path, region: region), credentials)
            case .missing: .missing
            }
        converse = ConverseTarget(
            model: model.id,
            capabilities: plan.deployment.capabilities ?? ModelCapabilities(baseModel: model.baseModel),
            dropsUnsupportedParameters: plan.deployment.dropsUnsupportedParameters)
    }
}

/// One deployment's parameters with what was resolved from them and the environment.
struct DeploymentPlan: Sendable {
    var deployment: BedrockDeployment
    var credentials: CredentialProvider
    var environment: [String: String]

    func region(of model: BedrockModelString) -> String {
        model.region(parameter: deployment.regionName, modelID: deployment.modelID, environment: environment)
    }

    func endpoint(in region: String) throws(EndpointError) -> Endpoint {
        let endpoint = try Endpoint.resolve(deployment, region: region, environment: environment)
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

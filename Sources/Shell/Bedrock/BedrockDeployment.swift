public import Redaction
public import Routing

/// One deployment's Bedrock parameters: `litellm_params.aws_*`, `api_base`, `api_key`, as written after environment
/// replacement. Precedence and meaning: Bedrock reference, sections 1 to 4.
public struct BedrockDeployment: Sendable {
    public var id: DeploymentID
    /// `litellm_params.model` as written.
    public var model: String
    /// `litellm_params.model_id`.
    public var modelID: String?
    public var regionName: String?
    public var accessKeyID: String?
    public var secretAccessKey: Secret?
    public var sessionToken: Secret?
    public var sessionName: String?
    public var profileName: String?
    public var roleName: String?
    public var webIdentityToken: Secret?
    public var stsEndpoint: String?
    public var externalID: Secret?
    /// Of the role's session.
    public var sessionTags: [SessionTag] = []
    public var runtimeEndpoint: String?
    public var apiBase: String?
    /// A Bedrock API key (bearer token).
    public var apiKey: Secret?
    /// `litellm_settings.drop_params`, or the deployment's own.
    public var dropsUnsupportedParameters = false
    /// Body parameters among its `litellm_params`, over `router_settings.default_litellm_params`, as a JSON object: what
    /// a request lacks is taken from it.
    public var defaultParameters: [UInt8]?
    /// From the model catalogue; nil: what the model's id tells.
    public var capabilities: ModelCapabilities?

    public init(id: DeploymentID, model: String) {
        self.id = id
        self.model = model
    }
}

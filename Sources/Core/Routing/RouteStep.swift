import Indirection
public import Time

/// What the router wants done next for one request.
public enum RouteStep: Sendable {
    /// Call the provider. Reserved quota and a slot are held until `finish`.
    case call(Attempt)
    /// Back off before a retry, then ask again.
    case sleep(Duration)
    /// Every candidate is over a limit, out of slots or cooling down: ask again at `until`, or as soon as an
    /// attempt whose `modelGroup` is the group of one of `places` has finished. Only under `on_capacity_exhausted: wait`, or briefly
    /// where other instances share the limit and have to be heard of first.
    case hold(until: Instant?, places: [HoldPlace])
    /// The request is answered: the last attempt's response is the reply.
    case complete
    /// The request has failed for good.
    case fail(RouteFailure)
}

/// One provider call that the router has decided on.
public struct Attempt: Sendable {
    /// The group the attempt belongs to, as requested or as fallen back to.
    public var group: String { fields.value.group }
    /// The deployment's own `model_name`; differs from `group` for aliases, wildcards, ids and routing groups.
    public var modelGroup: String { fields.value.modelGroup }
    public var deployment: DeploymentID { fields.value.deployment }
    /// Position in the list the router was made with.
    public var deploymentIndex: Int { fields.value.deploymentIndex }
    /// The model string to call: the deployment's, with a wildcard filled in.
    public var model: String { fields.value.model }
    /// The model's id, likewise.
    public var modelID: String { fields.value.modelID }
    public var timeout: Duration {
        get { fields.value.timeout }
        set { fields.value.timeout = newValue }
    }
    /// Entry of the request's own `fallbacks` whose parameters apply to this hop.
    public var parameterEntry: Int? { fields.value.parameterEntry }
    /// A configured fallback's parameters, which replace the request's on this hop: a JSON object.
    public var fallbackParameters: [UInt8]? {
        get { fields.value.fallbackParameters }
        set { fields.value.fallbackParameters = newValue }
    }
    /// Counting from zero within the group, and groups fallen back to so far.
    public var retry: Int { fields.value.retry }
    public var fallback: Int { fields.value.fallback }

    private struct Fields: Sendable {
        var group: String
        var modelGroup: String
        var deployment: DeploymentID
        var deploymentIndex: Int
        var model: String
        var modelID: String
        var timeout: Duration
        var parameterEntry: Int?
        var fallbackParameters: [UInt8]?
        var retry: Int
        var fallback: Int
    }

    private var fields: Indirect<Fields>

    public init(
        group: String, modelGroup: String? = nil, deployment: DeploymentID, deploymentIndex: Int, model: String,
        modelID: String? = nil, timeout: Duration, parameterEntry: Int? = nil, retry: Int = 0, fallback: Int = 0
    ) {
        fields = Indirect(
            Fields(
                group: group, modelGroup: modelGroup ?? group, deployment: deployment,
                deploymentIndex: deploymentIndex, model: model, modelID: modelID ?? model, timeout: timeout,
                parameterEntry: parameterEntry, retry: retry, fallback: fallback))
    }
}

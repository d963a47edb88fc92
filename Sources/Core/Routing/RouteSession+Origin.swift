extension RouteSession {
    /// The requested group's `model_name`, as `RouteStep.hold` names groups: an alias is followed, a wildcard is its
    /// pattern. The requested name itself where no group is known.
    public var requestedGroup: String { origin?.group ?? request.model }
}

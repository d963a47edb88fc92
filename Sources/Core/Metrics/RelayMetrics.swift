import Time

/// Every counter and histogram of the process, fed by finished requests.
///
/// A value that the request path owns. Recording looks names up and adds; label text is built only when somebody asks.
/// A copy is cheap, so encoding can happen elsewhere.
public struct RelayMetrics: Sendable {
    /// How many different labels are kept. Names come from requests and from configurations re-read: whatever is
    /// beyond the bound counts under `unknownLabel`.
    public struct Bounds: Sendable {
        public var modelGroups: Int
        public var deploymentsPerGroup: Int

        public init(modelGroups: Int = 256, deploymentsPerGroup: Int = 128) {
            self.modelGroups = modelGroups
            self.deploymentsPerGroup = deploymentsPerGroup
        }
    }

    /// The label of model groups that are not configured, and of what is beyond the bounds.
    public static let unknownLabel = "_unknown"

    private let bounds: Bounds
    private let measuresGenAI: Bool
    private var groupIndices: [String: Int]
    /// The first is the unknown group.
    private var groups: [GroupMetrics]

    /// `modelGroups`: the configured ones. Another one that a request names gets a label of its own only when the
    /// router has called a deployment for it (a wildcard group).
    /// `measuresGenAI`: for `genAIMetrics`, which are empty otherwise.
    public init(modelGroups: [String], bounds: Bounds = Bounds(), measuresGenAI: Bool = false) {
        self.bounds = bounds
        self.measuresGenAI = measuresGenAI
        groupIndices = [Self.unknownLabel: 0]
        groups = [GroupMetrics(name: Self.unknownLabel)]
        addModelGroups(modelGroups)
    }

    /// Makes the groups of a configuration known.
    private mutating func addModelGroups(_ names: [String]) {
        for name in names { _ = index(ofGroup: name, isRouted: true) }
    }

    /// Goes on under a configuration that was read again: its groups are known from now on, and deployments that it
    /// no longer has are forgotten, so that any number of readings leaves room for those that it has.
    public mutating func reconfigure(modelGroups names: [String], deploymentIDs ids: Set<String>) {
        addModelGroups(names)
        for index in groups.indices { groups[index].keepDeployments(ids) }
    }

    /// Counts a finished request.
    public mutating func record(_ event: RoutingEvent) {
        let group = index(ofGroup: event.modelGroup, isRouted: !event.attempts.isEmpty)
        groups[group].record(event)
        for attempt in event.attempts {
            let index =
                attempt.modelGroup == event.modelGroup ? group : index(ofGroup: attempt.modelGroup, isRouted: true)
            groups[index].record(attempt, bounds: bounds, measuresGenAI: measuresGenAI)
        }
        if let deployment = event.deployment, event.tokens != nil || event.cost != nil {
            // The answer belongs to the group that answered: after a fallback not the requested one.
            let answering = event.attempts.last { $0.deployment.id == deployment.id }?.modelGroup ?? event.modelGroup
            let index = answering == event.modelGroup ? group : index(ofGroup: answering, isRouted: true)
            groups[index].record(tokens: event.tokens, cost: event.cost, of: deployment.id, bounds: bounds)
        }
    }

    /// Everything measured, in the catalogue's order.
    public func families(gauges: GaugeSnapshot) -> [MetricFamily] {
        let byDefinition = Dictionary(
            uniqueKeysWithValues: (requestFamilies() + gauges.families()).map { ($0.definition, $0) })
        return MetricDefinition.allCases.compactMap { byDefinition[$0] }
    }

    /// What the GenAI conventions measure. `servers`: where each deployment's calls go, by its id.
    func genAIMetrics(servers: [String: OTLPServer]) -> [OTLPMetric] {
        var families = GenAIFamilies()
        for group in groups { group.append(to: &families, servers: servers) }
        return families.all
    }

    /// The body of `/metrics`.
    public func prometheusText(gauges: GaugeSnapshot) -> [UInt8] {
        var text = PrometheusText()
        for family in families(gauges: gauges) { text.append(family) }
        return text.bytes
    }

    private mutating func index(ofGroup name: String?, isRouted: Bool) -> Int {
        guard let name else { return 0 }
        if let index = groupIndices[name] { return index }
        guard isRouted && groups.count <= bounds.modelGroups else { return 0 }
        groupIndices[name] = groups.count
        groups.append(GroupMetrics(name: name))
        return groups.count - 1
    }

    private func requestFamilies() -> [MetricFamily] {
        var families = RequestFamilies()
        for group in groups where group.isUsed || group.name != Self.unknownLabel { group.append(to: &families) }
        return families.all
    }
}

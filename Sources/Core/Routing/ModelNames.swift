/// From a requested model name to the group it stands for (section 2: id, alias, group, wildcard, model string).
struct ModelNames: Sendable {
    struct Resolution: Sendable {
        var group: Int
        /// What a wildcard's `*`s stand for.
        var captures: [String] = []
    }

    private struct Wildcard {
        var pattern: WildcardPattern
        var group: Int
    }

    private var exact: [String: Resolution] = [:]
    /// Longest first.
    private var wildcards: [Wildcard] = []
    /// A deployment's own `litellm_params.model`, tried last.
    private var models: [String: Resolution] = [:]

    init(
        settings: RouterSettings, deployments: [Deployment], groups: [String: Int], deploymentGroups: [Int]
    ) {
        for (name, group) in groups { exact[name] = Resolution(group: group) }
        wildcards = groups.compactMap { name, group in
            WildcardPattern(name).map { (name, Wildcard(pattern: $0, group: group)) }
        }
        .sorted { ($0.0.utf8.count, $1.0) > ($1.0.utf8.count, $0.0) }
        .map(\.1)
        for (position, deployment) in deployments.enumerated() where models[deployment.model] == nil {
            models[deployment.model] = Resolution(group: deploymentGroups[position])
        }
        var aliases: [String: Resolution] = [:]  // resolved against the groups alone: aliases are not chained
        for (alias, target) in settings.modelGroupAlias { aliases[alias] = resolve(target) }
        for (position, deployment) in deployments.enumerated() where groups[deployment.id.rawValue] == nil {
            exact[deployment.id.rawValue] = Resolution(group: deploymentGroups[position])
        }
        for (alias, resolution) in aliases where !deployments.contains(where: { $0.id.rawValue == alias }) {
            exact[alias] = resolution
        }
    }

    func resolve(_ name: String) -> Resolution? {
        if let known = exact[name] { return known }
        if !wildcards.isEmpty {
            let bytes = Array(name.utf8)
            for wildcard in wildcards {
                guard let captures = wildcard.pattern.captures(in: bytes) else { continue }
                return Resolution(group: wildcard.group, captures: captures)
            }
        }
        return models[name]
    }
}

/// The configured fallback lists, by the group they serve.
struct FallbackTable: Sendable {
    let general: Lists
    /// Nil: the setting is absent, so the general lists serve these errors too.
    let contextWindow: Lists?
    let contentPolicy: Lists?

    struct Lists: Sendable {
        private var byGroup: [String: [FallbackPlan.Target]] = [:]

        init(_ lists: [RouterSettings.FallbackList]) {
            // The first list of a group counts, as in LiteLLM; the default list is appended and so yields to a `*`.
            for list in lists where byGroup[list.group] == nil {
                byGroup[list.group] = list.targets.map {
                    .init(name: $0, parameters: list.parameters[$0], overrides: list.overrides[$0])
                }
            }
        }

        /// The list of the group called `requested`, which may be an alias of `group`.
        func own(of requested: String, group: String) -> [FallbackPlan.Target]? {
            byGroup[requested] ?? byGroup[group]
        }
        var catchAll: [FallbackPlan.Target]? { byGroup["*"] }
    }

    init(settings: RouterSettings) {
        general = Lists(settings.fallbacks)
        contextWindow = settings.contextWindowFallbacks.map(Lists.init)
        contentPolicy = settings.contentPolicyFallbacks.map(Lists.init)
    }

    /// Where a model that nobody knows goes.
    var catchAllTarget: String? { general.catchAll?.first?.name }
}

/// The configured fallback lists, by the group they serve.
struct FallbackTable: Sendable {
    let general: Lists
    /// Nil: the setting is absent, so the general lists serve these errors too.
    let contextWindow: Lists?
    let contentPolicy: Lists?

    struct Lists: Sendable {
        private var targets: [String: [String]] = [:]

        init(_ lists: [RouterSettings.FallbackList]) {
            // The first list of a group counts, as in LiteLLM; the default list is appended and so yields to a `*`.
            for list in lists where targets[list.group] == nil { targets[list.group] = list.targets }
        }

        /// The list of the group called `requested`, which may be an alias of `group`.
        func own(of requested: String, group: String) -> [String]? { targets[requested] ?? targets[group] }
        var catchAll: [String]? { targets["*"] }
    }

    init(settings: RouterSettings) {
        general = Lists(settings.fallbacks)
        contextWindow = settings.contextWindowFallbacks.map(Lists.init)
        contentPolicy = settings.contentPolicyFallbacks.map(Lists.init)
    }

    /// Where a model that nobody knows goes.
    var catchAllTarget: String? { general.catchAll?.first }
}

import JSON

extension RequestOverrides {
    /// A request's own `fallbacks`, in either of LiteLLM's forms.
    public enum Fallbacks: Hashable, Sendable {
        /// `["group", {"model": "group", "temperature": 0}]`: for whatever group the request asks for.
        case targets([FallbackTarget])
        /// `[{"group": ["other"]}]`: the form of the configuration.
        case lists([FallbackList])

        /// The targets for a request to a group that goes by `names`: its name, and its alias if it was called by one.
        public func targets(for names: String...) -> [FallbackTarget] {
            switch self {
            case .targets(let targets): return targets
            case .lists(let lists):
                for name in names + ["*"] {
                    guard let list = lists.first(where: { $0.group == name }) else { continue }
                    return list.targets.map { FallbackTarget(group: $0) }
                }
                return []
            }
        }
    }

    /// One entry of a request's own `fallbacks`.
    public struct FallbackTarget: Hashable, Sendable {
        public var group: String
        /// Which entry of the body's list it is, where that entry carries parameters for the hop; else nil.
        public var parameterEntry: Int?
        public var overrides: FallbackOverrides?

        public init(group: String, parameterEntry: Int? = nil, overrides: FallbackOverrides? = nil) {
            self.group = group
            self.parameterEntry = parameterEntry
            self.overrides = overrides
        }
    }

    /// The groups to fall back to when `group` fails; `*` stands for any group without a list.
    public struct FallbackList: Hashable, Sendable {
        public var group: String
        public var targets: [String]

        public init(group: String, targets: [String]) {
            self.group = group
            self.targets = targets
        }
    }
}

extension RequestOverrides.Fallbacks {
    init(_ value: JSONValue, _ param: String) throws(RequestFailure) {
        guard value.isArray else { throw .wrongType(param, expected: "an array", found: value) }
        try value.requireShortList(value.elements.count, param)
        if let first = value.elements.first, first.isObject, !(first["model"]?.isString ?? false) {
            self = .lists(try RequestOverrides.FallbackList.lists(value, param))
        } else {
            var targets: [RequestOverrides.FallbackTarget] = []
            for entry in value.elements {
                targets.append(try Self.target(entry, at: targets.count, param))
            }
            self = .targets(targets)
        }
    }

    private static func target(
        _ entry: JSONValue, at index: Int, _ param: String
    ) throws(RequestFailure) -> RequestOverrides.FallbackTarget {
        let path = "\(param)[\(index)]"
        if entry.isString { return RequestOverrides.FallbackTarget(group: try entry.requireName(path)) }
        guard entry.isObject else {
            throw .wrongType(path, expected: "a model group or an object with 'model'", found: entry)
        }
        guard let model = entry["model"] else { throw .missing("\(path).model") }
        return RequestOverrides.FallbackTarget(
            group: try model.requireName("\(path).model"),
            parameterEntry: entry.members.contains { !$0.key.isString("model") } ? index : nil,
            overrides: try FallbackOverrides(reading: entry, path: "\(path)."))
    }
}

extension RequestOverrides.FallbackList {
    /// `[{"group": ["other", ...]}, ...]`.
    static func lists(_ value: JSONValue, _ param: String) throws(RequestFailure) -> [Self] {
        guard value.isArray else { throw .wrongType(param, expected: "an array of objects", found: value) }
        try value.requireShortList(value.elements.count, param)
        var lists: [Self] = []
        var index = 0
        for entry in value.elements {
            let path = "\(param)[\(index)]"
            guard entry.isObject else { throw .wrongType(path, expected: "an object", found: entry) }
            try value.requireShortList(entry.members.count, path)
            for member in entry.members {
                let group = try member.key.requireName(path)
                lists.append(Self(group: group, targets: try member.value.requireStrings("\(path).\(group)")))
            }
            index += 1
        }
        return lists
    }
}

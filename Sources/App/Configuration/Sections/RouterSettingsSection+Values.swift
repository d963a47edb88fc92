import ChatCompletions
import JSON
import Routing
import YAML

extension ValueType<String> {
    /// The name of a model group, checked against `model_list` once that is read.
    static var group: Self {
        ValueType { node, key, context in
            let reading = string.read(node, key, context)
            if case .value(let name) = reading { context.refer(to: name, at: node, key) }
            return reading
        }
    }

    /// An alias's target: `real`, or `{model: real, hidden: true}`. `hidden` concerns model lists, which we do not serve.
    static var aliasTarget: Self {
        ValueType { node, key, context in
            guard node.mapping != nil else { return group.read(node, key, context) }
            return section { section in
                var isHidden = false
                section.read("hidden", .boolean, into: &isHidden)
                let target = section.required("model", group)
                section.finish(unknownKeys: .areWarnings)
                return target
            }.read(node, key, context)
        }
    }
}

/// An entry of a fallback list.
private struct FallbackEntry {
    var group: String
    /// What replaces the request's parameters there, as a JSON object.
    var parameters: [UInt8]?
    /// What replaces its routing there.
    var overrides: FallbackOverrides?
}

extension ValueType<FallbackEntry> {
    /// A group, or `{model: group, parameter: value ...}`.
    fileprivate static var fallbackEntry: Self {
        ValueType { node, key, context in
            guard node.mapping != nil else {
                guard case .value(let group) = ValueType<String>.group.read(node, key, context) else { return .invalid }
                return .value(FallbackEntry(group: group))
            }
            let section = SectionReader(node, at: key, context)
            guard let group = section.required("model", .group) else { return .invalid }
            let parameters = BodyParameters.read(node, without: ["model"], at: key, context)
            guard let root = parameters.flatMap({ try? JSONDocument(parsing: $0).root }) else {
                return .value(FallbackEntry(group: group))
            }
            do throws(RequestFailure) {
                let overrides = try FallbackOverrides(reading: root, path: "")
                return .value(FallbackEntry(group: group, parameters: parameters, overrides: overrides))
            } catch {
                context.error(node, key, error.message)
                return .invalid
            }
        }
    }
}

extension ValueType<[String]> {
    static var groups: Self { list(of: .group) }
}

extension ValueType<[RouterSettings.FallbackList]> {
    /// `[{group: [fallback, ...]}, ...]`.
    static var fallbackLists: Self { list(of: .fallbackList) }
}

extension ValueType<RouterSettings.FallbackList> {
    fileprivate static var fallbackList: Self {
        ValueType { node, key, context in
            guard let entries = node.mapping, entries.count == 1, let entry = entries.first else {
                context.error(node, key, "expected a mapping with one key, such as {my-group: [other-group]}")
                return .invalid
            }
            if entry.key != "*" { context.refer(to: entry.key, at: node, key) }
            let place = key.entry(entry.key)
            let reading = ValueType<[FallbackEntry]>.list(of: .fallbackEntry).read(entry.value, place, context)
            guard case .value(let targets) = reading else { return .invalid }
            var list = RouterSettings.FallbackList(group: entry.key, targets: targets.map(\.group))
            for target in targets where list.parameters[target.group] == nil {
                list.parameters[target.group] = target.parameters
                list.overrides[target.group] = target.overrides
            }
            return .value(list)
        }
    }
}

extension ValueType<RouterSettings.ProviderBudget> {
    static var budget: Self {
        section { section in
            let limit = section.required("budget_limit", .number(in: 0...1e15))
            let period = section.required("time_period", .period)
            section.finish(unknownKeys: .areWarnings)
            guard let limit, let period else { return nil }
            return RouterSettings.ProviderBudget(limit: limit, period: period)
        }
    }
}

extension ValueType<Duration> {
    /// LiteLLM's `30s`, `10m`, `2h`, `1d`, `1w`, `1mo` (30 days).
    fileprivate static var period: Self {
        scalar("a period such as 30s, 10m, 2h, 1d, 1w or 1mo") { scalar in
            let units = ["mo": 2_592_000, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
            let digits = scalar.text.prefix { $0.isNumber }
            guard let count = Int(digits), (1...1_000_000).contains(count),
                let unit = units[String(scalar.text.dropFirst(digits.count))]
            else { return nil }
            return .seconds(count * unit)
        }
    }
}

extension ValueType<RouterSettings.RoutingGroup> {
    static var routingGroup: Self {
        section { section in
            let name = section.required("group_name", .name)
            let models = section.required("models", .groups)
            let strategy = section.value("routing_strategy", .groupStrategy)
            let arguments = section.value("routing_strategy_args", .strategyArguments)
            let priorities = section.value("model_priorities", .map(of: .count))
            section.finish(unknownKeys: .areWarnings)
            let isByPriority = strategy == .some(.none)
            if let priorities, !isByPriority, !priorities.isEmpty, let node = section["model_priorities"] {
                section.context.warn(
                    node, section.location.key("model_priorities"), "has no effect without routing_strategy: priority")
            }
            guard let name, let models else { return nil }
            return RouterSettings.RoutingGroup(
                name: name, models: models, strategy: strategy ?? nil, arguments: arguments ?? .init(),
                modelPriorities: isByPriority ? priorities ?? [:] : [:])
        }
    }
}

extension ValueType<RoutingStrategyName?> {
    /// A strategy, or `priority`, which is none: it turns `model_priorities` into `order`.
    fileprivate static var groupStrategy: Self {
        choice(named: RoutingStrategyName.allCases.map(\.rawValue) + ["priority"]) { name in
            if name == "priority" { return .some(nil) }
            return RoutingStrategyName(rawValue: name).map { .some($0) }
        }
    }
}

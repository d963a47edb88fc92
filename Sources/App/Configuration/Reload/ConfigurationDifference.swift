/// What sets a configuration apart from the one in use: every key that differs, and those that take a restart.
public struct ConfigurationDifference: Sendable {
    public struct Change: Hashable, Sendable, CustomStringConvertible {
        /// `relay.max_in_flight`, `model_list[haiku-1].litellm_params.rpm`.
        public var key: String
        /// `600 -> 1200`, `added: 600`, `removed`; without values where they may be secrets.
        public var text: String

        public var description: String { "\(key): \(text)" }
    }

    /// In the order of the new files; what is no longer there comes last.
    public var changes: [Change] = []
    /// What a running process cannot change. Not empty: the whole configuration is refused, for half of one was
    /// never meant by anybody.
    public var refusals: [ConfigurationProblem] = []

    public var isEmpty: Bool { changes.isEmpty && refusals.isEmpty }
}

extension ServiceConfiguration {
    /// How this configuration differs from the one in use.
    public func difference(from current: ServiceConfiguration) -> ConfigurationDifference {
        var difference = ConfigurationDifference()
        let (old, new) = (current.settings, settings)
        for key in new.keys {
            guard let entry = new.entries[key], entry.value != old.entries[key]?.value else { continue }
            difference.changes.append(.init(key: key, text: Self.text(from: old.entries[key], to: entry)))
        }
        for key in old.keys where new.entries[key] == nil {
            difference.changes.append(.init(key: key, text: "removed"))
        }
        difference.refusals = fixedKeys(differingFrom: current).map { key in
            let place = new.entries[key] ?? new.entries["\(key)[0]"]
            return ConfigurationProblem(
                file: place?.file ?? files.first ?? "configuration", line: place?.line ?? 0, key: key,
                message: "cannot change while the relay runs; put the old value back, or restart the relay")
        }
        return difference
    }

    /// Long texts are cut: a mock response may be a page.
    private static let longestShown = 100

    private static func text(from old: SettingTable.Entry?, to new: SettingTable.Entry) -> String {
        let shorten = { (text: String) in text.count > longestShown ? text.prefix(longestShown) + "..." : text[...] }
        guard let old else { return new.shown.map { "added: \(shorten($0))" } ?? "added" }
        // Equal as written: it is a variable's value that has changed.
        guard let before = old.shown, let after = new.shown, before != after else { return "changed" }
        return "\(shorten(before)) -> \(shorten(after))"
    }

    /// Variables that are read once, at the start: the HTTP client's.
    private static let fixedVariables = ["AWS_CA_BUNDLE", "SSL_CERT_FILE"]

    /// Keys whose effective values differ although they cannot: a default that is now written down is no change.
    private func fixedKeys(differingFrom current: ServiceConfiguration) -> [String] {
        // MSK's tokens are made from what the environment said at the start.
        let names = environment.reveal().keys.filter { kafka.msk != nil && $0.hasPrefix("AWS_") }.sorted()
        let variables = Set(Self.fixedVariables + names).filter { environment[$0] != current.environment[$0] }.sorted()
        return kafka.names(differingFrom: current.kafka).map { "kafka.\($0)" }
            + relay.fixedKeys(differingFrom: current.relay).map { "relay.\($0)" }
            + variables.map { "environment_variables.\($0)" }
    }
}

extension KafkaSection {
    fileprivate func names(differingFrom other: KafkaSection) -> [String] {
        let (new, old) = (values, other.values)
        return Set(new.keys).union(old.keys).filter { new[$0] != old[$0] }.sorted()
    }

    private var values: [String: String] {
        Dictionary(properties.map { ($0.name, $0.value.reveal()) }) { $1 }
    }
}

extension RelaySection {
    /// What may change while the relay runs. A key that is not named here takes a restart.
    static let liveKeys: Set<String> = [
        "allowed_reply_topics", "partition_concurrency", "max_in_flight", "max_buffered_bytes", "on_capacity_exhausted",
        "request_deadline", "watch_config", "shutdown_grace", "log_level",
    ]

    /// Compares by reflection, so that no property can be forgotten here: each is named after its key.
    fileprivate func fixedKeys(differingFrom other: RelaySection) -> [String] {
        zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children).compactMap { new, old in
            guard let name = new.label, "\(new.value)" != "\(old.value)" else { return nil }
            let key = Self.key(ofProperty: name)
            return Self.liveKeys.contains(key) ? nil : key
        }
    }

    /// `maxInFlight` is read from `max_in_flight`.
    static func key(ofProperty name: String) -> String {
        name.reduce(into: "") { key, character in
            key += character.isUppercase ? "_" + character.lowercased() : String(character)
        }
    }
}

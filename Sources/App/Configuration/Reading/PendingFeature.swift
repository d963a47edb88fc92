import YAML

/// Settings of the contract whose feature has not landed. Setting one is refused by name: an option that is read
/// works. When a feature lands, its row goes.
struct PendingFeature {
    var key: String
    /// The values that ask for it.
    var values: Values

    enum Values {
        /// Every value but null.
        case any
        case only([String])
    }

    static let all = [
        PendingFeature(key: "relay.otlp_metrics_topic", values: .any),
        PendingFeature(key: "relay.watch_config", values: .only(["true"])),
        PendingFeature(key: "kafka.sasl.mechanisms", values: .only(["AWS_MSK_IAM"])),
        PendingFeature(key: "kafka.sasl.mechanism", values: .only(["AWS_MSK_IAM"])),
    ]

    /// Why `scalar` cannot be the value at `key` yet; nil when it can.
    static func refusal(of scalar: YAMLScalar, at key: KeyLocation) -> String? {
        guard let feature = all.first(where: { $0.key == key.pattern }) else { return nil }
        var text = scalar.text
        if case .bool(let value) = YAMLScalar.resolve(text) { text = "\(value)" }
        switch feature.values {
        case .any: return "is not supported yet, expected null"
        case .only(let refused): return refused.contains(text) ? "\"\(text)\" is not supported yet" : nil
        }
    }
}

import Metrics

/// Who the metrics are of: our own attributes, and those of the variables that OpenTelemetry defines for it.
enum OTLPResource {
    /// `OTEL_SERVICE_NAME` wins over the `service.name` in `OTEL_RESOURCE_ATTRIBUTES`, and both win over our own.
    static func attributes(instance: String, environment: [String: String]) -> [OTLPAttribute] {
        var attributes = [
            ("service.name", "bedrock-relay"), ("service.instance.id", instance), ("service.version", Version.text),
        ]
        var given = pairs(in: environment["OTEL_RESOURCE_ATTRIBUTES"] ?? "")
        if let name = environment["OTEL_SERVICE_NAME"], !name.isEmpty { given.append(("service.name", name)) }
        for (key, value) in given {
            if let index = attributes.firstIndex(where: { $0.0 == key }) {
                attributes[index].1 = value
            } else {
                attributes.append((key, value))
            }
        }
        return attributes.map { OTLPAttribute($0.0, $0.1) }
    }

    /// `key=value,key=value`, percent-encoded. As the specification has it, a text with a mistake in it counts as none.
    private static func pairs(in text: String) -> [(String, String)] {
        var pairs: [(String, String)] = []
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                percentDecoded(trimmed($0))
            }
            guard parts.count == 2, let key = parts[0], !key.isEmpty, let value = parts[1] else { return [] }
            pairs.append((key, value))
        }
        return pairs
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    /// Nil: not percent-encoded UTF-8.
    private static func percentDecoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

import JSON
import YAML

/// Parameters of a chat request that the configuration gives, as the JSON object that a body could hold:
/// `default_litellm_params`, a deployment's own, and those of a fallback.
enum BodyParameters {
    /// The body's parameters that a deployment's `litellm_params` may give; others there mean something else.
    static let keys = [
        "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice",
        "parallel_tool_calls", "response_format", "reasoning_effort", "thinking", "guardrailConfig",
        "performanceConfig", "requestMetadata", "serviceTier", "service_tier", "additionalModelRequestFields",
        "modify_params",
    ]

    /// Those of `section` that are among `keys`, and of `defaults` what they leave out.
    static func read(in section: SectionReader, over defaults: [UInt8]?) -> [UInt8]? {
        var writer = JSONWriter()
        writer.beginObject()
        var given: Set<String> = []
        for key in keys {
            guard let node = section.value(key, .node), !node.isNull else { continue }
            given.insert(key)
            write(key, node, at: section.location.key(key), section.context, to: &writer)
        }
        // Two names of one limit: who gives one has given both.
        if given.contains("max_tokens") || given.contains("max_completion_tokens") {
            given.formUnion(["max_tokens", "max_completion_tokens"])
        }
        let others = defaults.flatMap { try? JSONDocument(parsing: $0) }
        for member in others.map({ Array($0.root.members) }) ?? [] {
            guard let key = member.key.string, given.insert(key).inserted else { continue }
            writer.key(text: key)
            writer.source(member.value.source)
        }
        writer.endObject()
        return given.isEmpty ? nil : writer.finish()
    }

    /// All entries of `node` but those of `keys`; nil when there are none.
    static func read(
        _ node: YAMLNode, without keys: [String], at location: KeyLocation, _ context: ReadingContext
    ) -> [UInt8]? {
        let entries = (node.mapping ?? []).filter { !keys.contains($0.key) }
        guard !entries.isEmpty else { return nil }
        return object(entries, at: location, context)
    }

    /// How many tokens `parameters` let an answer have.
    static func outputLimit(in parameters: [UInt8]) -> Int? {
        guard let root = try? JSONDocument(parsing: parameters).root else { return nil }
        let limit = root["max_completion_tokens"]?.integer ?? root["max_tokens"]?.integer
        return limit.flatMap { $0 > 0 ? $0 : nil }
    }

    /// Nil when there are none; what is not a mapping is reported.
    static func read(_ node: YAMLNode?, at location: KeyLocation, _ context: ReadingContext) -> [UInt8]? {
        guard let node, !node.isNull else { return nil }
        guard let entries = node.mapping else {
            context.error(node, location, "expected a mapping of parameters, such as {temperature: 0.2}")
            return nil
        }
        return object(entries, at: location, context)
    }

    private static func object(
        _ entries: [YAMLNode.Entry], at location: KeyLocation, _ context: ReadingContext
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for entry in entries { write(entry.key, entry.value, at: location.key(entry.key), context, to: &writer) }
        writer.endObject()
        return writer.finish()
    }

    /// Parameters that are no text: as elsewhere in the configuration they may stand in quotes, or come from the
    /// environment.
    private static let numbersAndTruths: Set = [
        "temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "parallel_tool_calls", "modify_params",
        "timeout", "request_timeout", "stream_timeout", "num_retries",
    ]

    private static func write(
        _ key: String, _ node: YAMLNode, at location: KeyLocation, _ context: ReadingContext,
        to writer: inout JSONWriter
    ) {
        writer.key(text: key)
        guard numbersAndTruths.contains(key), case .string = node.scalar?.value else {
            return write(node, at: location, context, to: &writer)
        }
        guard case .value(let text) = ValueType<String>.string.read(node, location, context) else {
            return writer.null()
        }
        switch YAMLScalar.resolve(text) {
        case .int(let value): writer.integer(value)
        case .double(let value): writer.double(value)
        case .bool(let value): writer.bool(value)
        case .null, .string: writer.string(text)
        }
    }

    private static func write(
        _ node: YAMLNode, at location: KeyLocation, _ context: ReadingContext, to writer: inout JSONWriter
    ) {
        switch node.content {
        case .mapping(let entries):
            writer.beginObject()
            for entry in entries {
                writer.key(text: entry.key)
                write(entry.value, at: location.key(entry.key), context, to: &writer)
            }
            writer.endObject()
        case .sequence(let elements):
            writer.beginArray()
            for (index, element) in elements.enumerated() {
                write(element, at: location.element(index), context, to: &writer)
            }
            writer.endArray()
        case .scalar(let scalar): write(scalar, node, at: location, context, to: &writer)
        }
    }

    private static func write(
        _ scalar: YAMLScalar, _ node: YAMLNode, at location: KeyLocation, _ context: ReadingContext,
        to writer: inout JSONWriter
    ) {
        switch scalar.value {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.integer(value)
        case .double(let value): writer.double(value)
        case .string:
            // Variables are replaced in every string; one that came to nothing leaves the parameter out of effect.
            if case .value(let text) = ValueType<String>.string.read(node, location, context) {
                writer.string(text)
            } else {
                writer.null()
            }
        }
    }
}

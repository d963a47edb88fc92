import JSON
import YAML

/// `default_litellm_params`: parameters added to calls that lack them, as the JSON object that a body could hold.
enum BodyParameters {
    /// Nil when there are none; what is not a mapping is reported.
    static func read(_ node: YAMLNode?, at location: KeyLocation, _ context: ReadingContext) -> [UInt8]? {
        guard let node, !node.isNull else { return nil }
        guard node.mapping != nil else {
            context.error(node, location, "expected a mapping of parameters, such as {temperature: 0.2}")
            return nil
        }
        var writer = JSONWriter()
        write(node, at: location, context, to: &writer)
        return writer.finish()
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

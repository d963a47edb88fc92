/// A YAML node that knows where it stands.
public struct YAMLNode: Sendable {}

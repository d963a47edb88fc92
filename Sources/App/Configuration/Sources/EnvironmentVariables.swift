/// The process environment with `environment_variables:` filled in where the process lacks them.
///
/// It holds credentials, so it does not describe itself; `reveal()` hands it to what reads credentials.
public struct EnvironmentVariables: Sendable, CustomStringConvertible, CustomReflectable {
    private var values: [String: String]

    public init(_ values: [String: String]) { self.values = values }

    /// `process` with the variables of `environment_variables:` that it lacks. Their values may refer to `process`.
    init(_ process: [String: String], defaults section: SectionReader) {
        values = process
        for entry in section.node.mapping ?? [] where process[entry.key] == nil {
            values[entry.key] = section.value(entry.key, .string)
        }
    }

    public subscript(name: String) -> String? { values[name] }
    public func reveal() -> [String: String] { values }

    public var description: String { "[\(values.count) variables]" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection()) }
}

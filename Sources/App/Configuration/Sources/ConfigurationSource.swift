/// A configuration text and what messages call it; `include:` paths in it are relative to the name's directory.
public struct ConfigurationSource: Sendable {
    public var name: String
    public var text: String

    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

public import JSON

/// Who speaks a message.
public enum ChatRole: String, CaseIterable, Sendable {
    case system, developer, user, assistant, tool

    private static let table = KeyTable<ChatRole>()

    /// The role that a message's `role` names; nil for anything else.
    public init?(_ value: JSONValue?) {
        guard let role = value.flatMap({ Self.table[$0] }) else { return nil }
        self = role
    }
}

/// Why a script's text was refused: what is wrong and what is expected.
public struct ScriptError: Error, Hashable, CustomStringConvertible {
    public let message: String
    /// The line of a script file, from 1 on.
    public var line: Int?

    public var description: String {
        guard let line else { return message }
        return "line \(line): \(message)"
    }
}

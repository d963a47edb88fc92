import Glibc

/// Why the simulator could not start.
public struct SimulatorError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    init(message: String) { self.message = message }

    /// With what the system said.
    init(_ attempt: String) { message = "\(attempt): \(String(cString: strerror(errno)))" }
}

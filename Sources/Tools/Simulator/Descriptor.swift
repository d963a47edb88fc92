import Glibc

/// Owns a file descriptor, and closes it exactly once.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// Takes what a system call returned; `failure` says what was attempted.
    init(_ number: Int32, _ failure: @autoclosure () -> String) throws(SimulatorError) {
        guard number >= 0 else { throw SimulatorError(failure()) }
        self.number = number
    }

    deinit { close(number) }
}

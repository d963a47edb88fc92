import Glibc

/// The file that gets a JSON line for every request. Only the simulator's thread writes it.
final class JournalFile {
    private let descriptor: Descriptor

    /// Appends to what is there.
    init(path: String) throws(SimulatorError) {
        descriptor = try Descriptor(
            open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644), "cannot write '\(path)'")
    }

    /// A full disk loses lines rather than stopping the simulator.
    func append(_ lines: [UInt8]) {
        var written = 0
        while written < lines.count {
            let count = lines[written...].withUnsafeBytes { write(descriptor.number, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            written += count
        }
    }
}

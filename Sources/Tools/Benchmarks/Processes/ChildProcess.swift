import Glibc
import Processes
import Time

/// A program started by this one, ended with it.
final class ChildProcess {
    let meter: ProcessMeter
    let name: String
    private let process: pid_t
    /// Kept open for as long as the child shall live: our own sub-commands end at the end of their input.
    private let input: Int32
    private let output: Int32
    private var text: [UInt8] = []

    init(_ path: String, _ arguments: [String]) throws(Unmeasurable) {
        name = arguments.first.map { "\(Executables.name(of: path)) \($0)" } ?? Executables.name(of: path)
        (process, input, output) = try Unmeasurable.unless { () throws(SystemFailure) in
            let (readEnd, writeEnd) = try Program.makePipe()
            defer { close(writeEnd) }
            let (process, input) = try Program.start(path, arguments, passing: [STDOUT_FILENO: writeEnd])
            return (process, input, readEnd)
        }
        meter = ProcessMeter(process)
        ChildRegistry.add(process)
    }

    deinit { stop() }

    /// Asks the child to end, and insists after ten seconds.
    func stop() {
        guard ChildRegistry.remove(process) else { return }
        close(input)
        kill(process, SIGTERM)
        let deadline = Clocks.monotonic + 10_000_000_000
        while waitpid(process, nil, WNOHANG) == 0 {
            if Clocks.monotonic > deadline { kill(process, SIGKILL) }
            usleep(2000)
        }
        close(output)
    }

    /// The next line of its output.
    func line(within limit: Duration) throws(Unmeasurable) -> String {
        let deadline = Clocks.monotonic + limit.wholeNanoseconds
        while true {
            if let end = text.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: text[..<end], as: UTF8.self)
                text.removeSubrange(...end)
                return line
            }
            var waiting = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let left = (deadline - Clocks.monotonic) / 1_000_000
            guard left > 0, poll(&waiting, 1, Int32(left)) > 0 else {
                throw Unmeasurable("\(name) said nothing for \(limit)")
            }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = read(output, &chunk, chunk.count)
            guard count > 0 else { throw Unmeasurable("\(name) ended early") }
            text += chunk[..<count]
        }
    }

    /// Whether it is still there.
    var isRunning: Bool {
        var information = siginfo_t()
        let code = waitid(P_PID, id_t(process), &information, WEXITED | WNOHANG | WNOWAIT)
        return code == 0 && information.si_signo == 0
    }
}

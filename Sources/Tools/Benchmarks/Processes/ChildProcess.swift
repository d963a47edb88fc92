import Glibc
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
        let toChild = try Self.makePipe()
        let fromChild = try Self.makePipe()
        input = toChild.write
        output = fromChild.read
        defer {
            close(toChild.read)
            close(fromChild.write)
        }
        process = try Self.spawn(path, arguments, input: toChild.read, output: fromChild.write)
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

    private static func makePipe() throws(Unmeasurable) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Unmeasurable("no pipe: \(String(cString: strerror(errno)))") }
        // A child that held another's input open would keep it alive.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ path: String, _ arguments: [String], input: Int32, output: Int32
    ) throws(Unmeasurable) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO)
        // We block the signals that end us, see `ChildRegistry`; the child shall not.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var vector = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for text in vector { free(text) } }
        var process = pid_t()
        let code = posix_spawn(&process, path, &files, &attributes, &vector, environ)
        guard code == 0 else { throw Unmeasurable("\(path) does not start: \(String(cString: strerror(code)))") }
        return process
    }
}

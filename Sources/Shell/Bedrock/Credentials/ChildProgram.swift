import CShims
import Glibc

/// A program that is run for what it prints on standard output. Blocks, so never on the request path.
enum ChildProgram {
    struct Failure: Error {
        /// Nothing that the program has printed: that may be secret.
        var message: String
    }

    private static let outputLimit = 1 << 20

    static func output(
        of words: [String], environment: [String: String], timeout: Duration
    ) -> Result<[UInt8], Failure> {
        var ends: [Int32] = [0, 0]
        guard cshims_pipe(&ends) == 0 else { return failure("no pipe", errno) }
        defer { close(ends[0]) }
        let started = start(words, environment, standardOutput: ends[1])
        close(ends[1])
        guard case .success(let child) = started else { return started.map { _ in [] } }
        let read = read(from: ends[0], timeout: timeout)
        // The whole group: what the program has started must not outlive it either.
        if case .failure = read { kill(-child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 && errno == EINTR {}
        guard case .success = read, status == 0 else {
            guard case .success = read else { return read }
            let isExit = status & 0x7F == 0
            return .failure(
                Failure(message: isExit ? "exit code \(status >> 8 & 0xFF)" : "ended by signal \(status & 0x7F)"))
        }
        return read
    }

    private static func start(
        _ words: [String], _ environment: [String: String], standardOutput: Int32
    ) -> Result<pid_t, Failure> {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, standardOutput, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Libraries may hold descriptors that are inherited otherwise.
        cshims_spawn_close_from(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Our threads block all signals, and the program must not inherit that.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var child: pid_t = 0
        let error = withCStrings(words) { arguments in
            withCStrings(environment.map { "\($0)=\($1)" }) { variables in
                arguments[0].map { posix_spawnp(&child, $0, &actions, &attributes, arguments, variables) } ?? EINVAL
            }
        }
        return error == 0 ? .success(child) : failure("cannot be started", error)
    }

    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Value
    ) -> Value {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        // The array is never empty, so it has a base address.
        return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    }

    private static func read(from pipe: Int32, timeout: Duration) -> Result<[UInt8], Failure> {
        let deadline = ContinuousClock.now + timeout
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            let remaining = (deadline - ContinuousClock.now).components
            let milliseconds = remaining.seconds * 1000 + remaining.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0 else { return .failure(Failure(message: "no end within \(timeout)")) }
            var readiness = pollfd(fd: pipe, events: Int16(POLLIN), revents: 0)
            let ready = poll(&readiness, 1, Int32(milliseconds))
            if ready < 0 && errno != EINTR { return failure("its output cannot be read", errno) }
            guard ready > 0 else { continue }
            let count = Glibc.read(pipe, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { return failure("its output cannot be read", errno) }
            if count == 0 { return .success(output) }
            output += chunk.prefix(count)
            guard output.count <= outputLimit else { return .failure(Failure(message: "prints more than 1 MB")) }
        }
    }

    private static func failure<Value>(_ what: String, _ number: Int32) -> Result<Value, Failure> {
        .failure(Failure(message: "\(what): \(String(cString: strerror(number)))"))
    }
}

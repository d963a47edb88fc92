public import Glibc

/// Programs that tools and tests start.
public enum Program {
    /// Starts the program at `path`. Its standard input ends when the result's `input` is closed, or with this process.
    /// Beside standard output and standard error it gets `descriptors`, under the numbers that are their keys.
    public static func start(
        _ path: String, _ arguments: [String], passing descriptors: [Int32: Int32] = [:]
    ) throws(SystemFailure) -> (process: pid_t, input: Int32) {
        let (readEnd, writeEnd) = try makePipe()
        defer { close(readEnd) }
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, readEnd, STDIN_FILENO)
        for (number, descriptor) in descriptors { posix_spawn_file_actions_adddup2(&files, descriptor, number) }
        // Threads that leave signals to others block them, and a child would inherit that.
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
        guard code == 0 else {
            close(writeEnd)
            throw SystemFailure("\(path) does not start: \(String(cString: strerror(code)))")
        }
        return (process, writeEnd)
    }

    /// A pipe that no other child gets: one that held it open would keep a reader waiting.
    public static func makePipe() throws(SystemFailure) -> (readEnd: Int32, writeEnd: Int32) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemFailure("no pipe: \(String(cString: strerror(errno)))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}

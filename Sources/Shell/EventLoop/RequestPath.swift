/// The actor that everything mutable on the request path belongs to. Its executor is the process's event loop,
/// so code isolated to it runs on one thread, needs no lock, and calls between its functions are plain calls.
@globalActor
public actor RequestPath {
    public static let shared = RequestPath()

    public nonisolated var unownedExecutor: UnownedSerialExecutor { EventLoop.shared.asUnownedSerialExecutor() }
}

extension RequestPath {
    /// Runs `operation` as the synchronous code on the request path that the caller already is: C callbacks that a
    /// library makes on the loop's thread. Traps on any other thread.
    public static func assumeIsolated<Result: Sendable>(
        _ operation: @RequestPath () throws -> Result
    ) rethrows -> Result {
        EventLoop.shared.checkIsolated()
        return try withoutActuallyEscaping(operation) { isolated in
            // The two types differ only in isolation, which has no representation at run time and was checked above.
            try unsafeBitCast(isolated, to: (() throws -> Result).self)()
        }
    }
}

extension RequestPath {
    /// Starts a task on the request path that stays there.
    ///
    /// A plain `Task { @RequestPath in }` is correct but slow: a continuation resumes its task on the global pool first,
    /// whatever the code after it is isolated to, unless the task prefers an executor. So this one prefers the loop, and
    /// so do its child tasks.
    @discardableResult
    public static func task<Success: Sendable>(
        _ operation: @escaping @Sendable @RequestPath () async -> Success
    ) -> Task<Success, Never> {
        Task(executorPreference: LoopPreference.shared) { await operation() }
    }

    /// Starts a task on the request path that stays there.
    @discardableResult
    public static func task<Success: Sendable>(
        _ operation: @escaping @Sendable @RequestPath () async throws -> Success
    ) -> Task<Success, any Error> {
        Task(executorPreference: LoopPreference.shared) { try await operation() }
    }
}

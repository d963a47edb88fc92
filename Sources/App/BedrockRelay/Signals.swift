import Glibc

/// Unix signals as a stream of values, read by a thread of their own.
enum Signals {
    /// Blocks the signals we handle in this thread and all threads it starts: call it before any other thread exists.
    static func block() {
        var set = handled
        pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    /// The signals as they come: SIGTERM, SIGINT, SIGHUP.
    static func stream() -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        Thread.start {
            var set = handled
            var received: Int32 = 0
            while sigwait(&set, &received) == 0 { continuation.yield(received) }
        }
        return stream
    }

    private static var handled: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
        return set
    }
}

/// A detached thread that runs one closure.
enum Thread {
    private final class Work {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    static func start(_ run: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(run))
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, work.toOpaque())
        precondition(status == 0, "the system refuses a thread (pthread_create: \(status))")
        pthread_detach(thread)
    }
}

import Glibc
import Threads

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
        ServiceThread.start(name: "signals") {
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

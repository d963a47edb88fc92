import Glibc
import Synchronization
import Threads

/// The children that run now, so that a signal that ends this program ends them too.
enum ChildRegistry {
    private static let processes = Mutex<Set<pid_t>>([])

    static func add(_ process: pid_t) { processes.withLock { _ = $0.insert(process) } }

    /// False if it was not, or is no longer, there.
    static func remove(_ process: pid_t) -> Bool { processes.withLock { $0.remove(process) != nil } }

    /// Call it before any thread is started: they inherit that these signals are left to `sigwait`.
    static func endWithUs() {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        ServiceThread.start(name: "signals") { [signals] in
            var signals = signals
            var signal: Int32 = 0
            sigwait(&signals, &signal)
            for process in processes.withLock({ $0 }) { kill(process, SIGTERM) }
            _exit(128 + signal)
        }
    }
}

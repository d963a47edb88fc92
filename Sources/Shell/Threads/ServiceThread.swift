import Glibc

/// A named thread of our own, for work that blocks: Swift's pool must not.
public enum ServiceThread {
    /// Runs `body` on a new detached thread. All signals are blocked there: they belong to the main program.
    ///
    /// `name` shows in `top -H` and in crash reports; the kernel keeps its first 15 bytes.
    public static func start(name: String, _ body: @escaping @Sendable () -> Void) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let failure = pthread_create(&thread, &attributes, runServiceThread, start.toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(failure == 0, "cannot start the thread \(name): \(String(cString: strerror(failure)))")
    }

    fileprivate final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

private func runServiceThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let start = Unmanaged<ServiceThread.Start>.fromOpaque(argument).takeRetainedValue()
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    nameThisThread(start.name)
    start.body()
    return nil
}

/// The Glibc module lacks pthread_setname_np; the kernel takes the name through a file as well.
private func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = name.withCString { write(file, $0, min(strlen($0), 15)) }
    close(file)
}

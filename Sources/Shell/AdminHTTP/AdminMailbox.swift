import CShims
import Glibc
import Synchronization

/// What other threads tell the admin thread: answers, and that it should stop. An eventfd wakes its `poll`.
final class AdminMailbox: Sendable {
    private struct State {
        var answers: [(connection: Int, response: AdminResponse)] = []
        var isStopping = false
        var isStopped = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let descriptor: CInt
    private let state = Mutex(State())

    init() throws(AdminServerError) {
        descriptor = eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw AdminServerError(
                kind: .cannotListen, message: "cannot create an eventfd: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    func post(_ response: AdminResponse, for connection: Int) {
        state.withLock { $0.answers.append((connection, response)) }
        wake()
    }

    /// Everything posted since the last call, and whether to go on.
    func collect() -> (answers: [(connection: Int, response: AdminResponse)], isStopping: Bool) {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return state.withLock { state in
            defer { state.answers.removeAll() }
            return (state.answers, state.isStopping)
        }
    }

    func requestStop() {
        state.withLock { $0.isStopping = true }
        wake()
    }

    func markStopped() {
        let waiters = state.withLock { state in
            state.isStopped = true
            defer { state.waiters.removeAll() }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            let isStopped = state.withLock { state in
                if !state.isStopped { state.waiters.append(continuation) }
                return state.isStopped
            }
            if isStopped { continuation.resume() }
        }
    }

    private func wake() {
        eventfd_write(descriptor, 1)
    }
}

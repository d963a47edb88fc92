import EventLoop

/// Holds callers until opened.
@RequestPath
final class Gate {
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private let changes = Watch()
    private var isOpen = false

    nonisolated init() {}

    var waitingCount: Int { waiting.count }

    func pass() async {
        guard !isOpen else { return }
        await withCheckedContinuation { continuation in
            waiting.append(continuation)
            changes.note()
        }
    }

    func untilWaiting(_ count: Int) async { await changes.until { self.waiting.count >= count } }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// Something to run on the loop.
enum LoopWork: Sendable {
    case job(UnownedJob)
    /// A job of a task that prefers the loop.
    case preferringJob(UnownedJob)
    case call(@Sendable @RequestPath () -> Void)
}

/// First in, first out, in a ring that grows by doubling; what has been taken out is released at once.
struct WorkQueue {
    /// Its count is a power of two.
    private var slots = [LoopWork?](repeating: nil, count: 1024)
    private var head = 0
    private var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ work: LoopWork) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = work
        count += 1
    }

    mutating func popFirst() -> LoopWork? {
        guard count > 0 else { return nil }
        let work = slots[head].take()
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return work
    }

    private mutating func grow() {
        slots = Array(slots[head...]) + slots[..<head] + [LoopWork?](repeating: nil, count: slots.count)
        head = 0
    }
}

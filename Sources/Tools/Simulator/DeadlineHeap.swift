/// What is due when: a binary heap, earliest first.
struct DeadlineHeap {
    struct Entry {
        /// Nanoseconds of the monotonic clock.
        let time: Int64
        let descriptor: Int32
        /// The connection's wait that this belongs to; a connection that moved on ignores it.
        let wait: UInt32
    }

    private var entries: [Entry] = []

    var earliest: Int64? { entries.first?.time }
    var count: Int { entries.count }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].time < entries[parent].time else { break }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Removes and returns the earliest entry if its time has come.
    mutating func popDue(at now: Int64) -> Entry? {
        guard let first = entries.first, first.time <= now, let last = entries.popLast() else { return nil }
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return first
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entries[parent].time else { return }
            entries.swapAt(child, parent)
            parent = child
        }
    }
}

import Time

/// Elements by deadline; those with the same deadline in the order they were inserted.
///
/// A binary heap whose entries know where they are, so that removing one from the middle (a cancelled timer, the usual
/// end of most) is as cheap as inserting it.
struct TimerHeap<Element> {
    /// Names one inserted element; must not be used after the element has left.
    struct ID: Hashable, Sendable {
        fileprivate let slot: Int
    }

    private struct Entry {
        var deadline: Instant
        var sequence: UInt64
        var slot: Int

        func isBefore(_ other: Entry) -> Bool {
            deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
        }
    }

    private struct Slot {
        var element: Element?
        /// Where its entry is in the heap.
        var position: Int
    }

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    private var nextSequence: UInt64 = 0

    var count: Int { heap.count }
    var nextDeadline: Instant? { heap.first?.deadline }

    mutating func insert(_ element: Element, deadline: Instant) -> ID {
        let slot = takeSlot(for: element)
        heap.append(Entry(deadline: deadline, sequence: nextSequence, slot: slot))
        nextSequence += 1
        siftUp(from: heap.count - 1)
        return ID(slot: slot)
    }

    mutating func remove(_ id: ID) {
        precondition(slots[id.slot].element != nil, "a timer is removed once")
        let position = slots[id.slot].position
        releaseSlot(id.slot)
        removeEntry(at: position)
    }

    /// Takes out the earliest element whose deadline has come.
    mutating func popDue(now: Instant) -> Element? {
        guard let first = heap.first, first.deadline <= now else { return nil }
        let element = slots[first.slot].element
        releaseSlot(first.slot)
        removeEntry(at: 0)
        return element
    }

    private mutating func takeSlot(for element: Element) -> Int {
        guard let slot = freeSlots.popLast() else {
            slots.append(Slot(element: element, position: heap.count))
            return slots.count - 1
        }
        slots[slot].element = element
        return slot
    }

    private mutating func releaseSlot(_ slot: Int) {
        slots[slot].element = nil
        freeSlots.append(slot)
    }

    private mutating func removeEntry(at position: Int) {
        let last = heap.removeLast()
        guard position < heap.count else { return }
        place(last, at: position)
        siftUp(from: position)
        siftDown(from: position)
    }

    private mutating func place(_ entry: Entry, at position: Int) {
        heap[position] = entry
        slots[entry.slot].position = position
    }

    private mutating func siftUp(from start: Int) {
        let entry = heap[start]
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entry.isBefore(heap[parent]) else { break }
            place(heap[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private mutating func siftDown(from start: Int) {
        let entry = heap[start]
        var position = start
        while true {
            var child = 2 * position + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(entry) else { break }
            place(heap[child], at: position)
            position = child
        }
        place(entry, at: position)
    }
}

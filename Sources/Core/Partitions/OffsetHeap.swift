/// Records that may start, lowest offset first: that is the one the commit waits for.
struct OffsetHeap: Sendable {
    private(set) var records: [RecordID] = []

    var isEmpty: Bool { records.isEmpty }
    var count: Int { records.count }
    var lowest: RecordID? { records.first }

    mutating func insert(_ record: RecordID) {
        records.append(record)
        var child = records.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard records[child].offset < records[parent].offset else { return }
            records.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeLowest() -> RecordID? {
        guard let lowest = records.first, let last = records.popLast() else { return nil }
        guard !records.isEmpty else { return lowest }
        records[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < records.count {
                if records[child].offset < records[smallest].offset { smallest = child }
            }
            guard smallest != parent else { return lowest }
            records.swapAt(parent, smallest)
            parent = smallest
        }
    }
}

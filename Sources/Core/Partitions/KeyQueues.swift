/// Per key, whether a record of it is running and which wait behind it, in order.
///
/// Waiting records are nodes of one array linked by index: a key costs one dictionary entry while it is in use and
/// nothing afterwards.
struct KeyQueues: Sendable {
    private struct Chain: Sendable {
        var head: Int32
        var tail: Int32
    }

    private struct Node: Sendable {
        var record: RecordID
        var next: Int32
    }

    private var chains: [OrderingKey: Chain] = [:]
    private var nodes: [Node] = []
    private var freeNodes: [Int32] = []

    private static let none: Int32 = -1

    var waitingCount: Int { nodes.count - freeNodes.count }

    /// Whether `record` may start now; otherwise it is kept until those before it have been released.
    mutating func admit(_ record: RecordID, key: OrderingKey) -> Bool {
        guard var chain = chains[key] else {
            chains[key] = Chain(head: Self.none, tail: Self.none)
            return true
        }
        let node = store(record)
        if chain.tail == Self.none { chain.head = node } else { nodes[Int(chain.tail)].next = node }
        chain.tail = node
        chains[key] = chain
        return false
    }

    /// Ends the running record of `key`; returns the one that may start now.
    mutating func release(_ key: OrderingKey) -> RecordID? {
        guard var chain = chains[key] else { return nil }
        guard chain.head != Self.none else {
            chains[key] = nil
            return nil
        }
        let node = nodes[Int(chain.head)]
        freeNodes.append(chain.head)
        chain.head = node.next
        if chain.head == Self.none { chain.tail = Self.none }
        chains[key] = chain
        return node.record
    }

    /// Everything that waits, in no particular order.
    func waiting() -> [RecordID] {
        var records: [RecordID] = []
        for chain in chains.values {
            var index = chain.head
            while index != Self.none {
                records.append(nodes[Int(index)].record)
                index = nodes[Int(index)].next
            }
        }
        return records
    }

    private mutating func store(_ record: RecordID) -> Int32 {
        let node = Node(record: record, next: Self.none)
        if let free = freeNodes.popLast() {
            nodes[Int(free)] = node
            return free
        }
        nodes.append(node)
        return Int32(nodes.count - 1)
    }
}

/// A delivered record as the scheduler knows it: its offset within one assignment of its partition.
public struct RecordID: Hashable, Sendable {
    public let offset: Offset
    /// The assignment it was delivered under. One that has ended makes the record's completion a late one.
    let epoch: UInt32
    let slot: Int32
    let key: OrderingKey?
    let bytes: Int

    public static func == (left: RecordID, right: RecordID) -> Bool {
        left.offset == right.offset && left.epoch == right.epoch
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(offset)
        hasher.combine(epoch)
    }
}

/// What records must have in common to be answered in order under `ordering: key`: a hash of the record's key.
/// Two keys with one hash wait for each other without need, which harms no promise.
public struct OrderingKey: Hashable, Sendable {
    let hash: Int

    public init(_ key: some Sequence<UInt8>) {
        var hasher = Hasher()
        for byte in key { hasher.combine(byte) }
        hash = hasher.finalize()
    }

    public init(_ key: [UInt8]) {
        var hasher = Hasher()
        hasher.combine(key)
        hash = hasher.finalize()
    }
}

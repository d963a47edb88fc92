/// Which records must be answered in the order they came (`relay.ordering`).
public enum Ordering: String, CaseIterable, Sendable {
    case unordered
    /// Records with the same key; those without a key are free.
    case key
    /// All records of a partition: one in flight at a time.
    case partition
}

/// How much may run at once.
public struct SchedulerSettings: Sendable {
    /// Requests in flight per assigned partition.
    public var partitionConcurrency: Int
    /// Requests in flight over all partitions.
    public var maxInFlight: Int
    /// Bytes of records and replies held. The one record that reaches the bound may pass it: a record's size is
    /// known only once it is there, and one larger than the bound must still get through.
    public var maxBufferedBytes: Int
    public var ordering: Ordering
    /// Under `ordering: key`, how many records of a partition may wait for their key while others go past them.
    public var lookAhead: Int
    /// Bytes that a commit's metadata may take; brokers refuse more than 4,096 unless told otherwise.
    public var metadataBudget: Int

    public init(
        partitionConcurrency: Int = 64, maxInFlight: Int = 4096, maxBufferedBytes: Int = 256 << 20,
        ordering: Ordering = .unordered, lookAhead: Int? = nil, metadataBudget: Int = 4000
    ) {
        self.partitionConcurrency = max(1, partitionConcurrency)
        self.maxInFlight = max(1, maxInFlight)
        self.maxBufferedBytes = max(1, maxBufferedBytes)
        self.ordering = ordering
        self.lookAhead = max(1, lookAhead ?? 4 * partitionConcurrency)
        self.metadataBudget = metadataBudget
    }
}

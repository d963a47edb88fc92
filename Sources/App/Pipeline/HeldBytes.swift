import EventLoop

/// What somebody holds in memory beside the records that were read: counted in `max_buffered_bytes` until it is let go.
@RequestPath
final class HeldBytes {
    private weak var lanes: ConsumerLoop?
    private(set) var count = 0

    /// `lanes` nil: nobody counts.
    init(countedBy lanes: ConsumerLoop?) { self.lanes = lanes }

    isolated deinit { release(count) }

    func hold(_ bytes: Int) {
        count += bytes
        lanes?.hold(bytes: bytes)
    }

    func release(_ bytes: Int) {
        count -= bytes
        lanes?.release(bytes: bytes)
    }
}

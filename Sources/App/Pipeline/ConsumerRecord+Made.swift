import Partitions
import Time

extension ConsumerRecord {
    /// When it was made; `taken`, when it was taken from Kafka, where it does not say. Its producer's clock may be ahead of
    /// ours, and nothing is taken before it was made.
    func made(before taken: Instant) -> Instant {
        timestamp < 0 ? taken : min(Instant(unixMilliseconds: timestamp), taken)
    }
}

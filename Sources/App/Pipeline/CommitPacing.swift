import Time

/// When to commit what has just finished: at once, but one commit after the other and not more often than the broker
/// should be bothered.
///
/// A request whose outcome is acknowledged and whose commit is not answered yet is repeated after a crash, and paid for
/// twice, so this time is kept as short as the broker's answer; under load one commit takes along what finished
/// meanwhile. What is not answered, or was refused, is left to the loop's periodic commit.
struct CommitPacing: Sendable {
    /// From the beginning of one prompt commit to that of the next.
    static let shortestInterval = Duration.milliseconds(10)

    private var isScheduled = false
    private var isUnderWay = false
    /// Something has finished that the commit under way does not hold.
    private var isWanted = false
    private var lastBegin: Instant?

    /// Something finished: when to commit it, or nil when a commit is to come anyway.
    mutating func finished(now: Instant) -> Instant? {
        guard !isScheduled else { return nil }
        guard !isUnderWay else {
            isWanted = true
            return nil
        }
        return schedule(now: now)
    }

    /// A commit of all that has finished goes out now.
    mutating func begun(now: Instant) {
        isScheduled = false
        isUnderWay = true
        isWanted = false
        lastBegin = now
    }

    /// There was nothing to commit.
    mutating func skipped() { isScheduled = false }

    /// A commit has ended: when to send the next, if there is reason to.
    mutating func ended(isTaken: Bool, now: Instant) -> Instant? {
        isUnderWay = false
        guard isWanted, isTaken, !isScheduled else { return nil }
        return schedule(now: now)
    }

    private mutating func schedule(now: Instant) -> Instant {
        isScheduled = true
        isWanted = false
        guard let lastBegin else { return now }
        return max(now, lastBegin.advanced(by: Self.shortestInterval))
    }
}

import CShims
import Glibc

/// The descriptors on one epoll instance and who wants to know about them.
///
/// An event carries its watch's slot and generation, so events that were fetched in one batch are dropped when an
/// earlier handler of that batch removed their watch, even if the descriptor's number is in use again.
@RequestPath
final class WatchTable {
    private struct Entry {
        var generation: UInt32 = 0
        var descriptor: Int32 = -1
        var interest: EventLoop.Readiness = []
        /// Nil: the slot is free.
        var handler: (@RequestPath (EventLoop.Readiness) -> Void)?
    }

    /// Events fetched at once.
    private nonisolated static let batch = 512
    /// No watch has this slot and generation: slots are fewer than 2^32 - 1.
    private nonisolated static let wakeUpKey = UInt64.max

    private let epoll: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: batch)
    private var entries: [Entry] = []
    private var freeSlots: [UInt32] = []

    nonisolated init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "the event loop needs an epoll instance")
    }

    /// Of eventfds: edge-triggered, so that each write counts and no read is needed.
    private nonisolated static let counterEvents = EPOLLIN.rawValue | EPOLLET.rawValue

    /// Makes writes to an eventfd end a wait.
    nonisolated func addWakeUp(_ descriptor: Int32) {
        control(EPOLL_CTL_ADD, descriptor, Self.counterEvents, key: Self.wakeUpKey)
    }

    /// Calls `handler` after writes to an eventfd.
    func addCounter(_ descriptor: Int32, handler: @escaping @RequestPath () -> Void) -> EventLoop.Watch {
        add(descriptor, for: .readable, events: Self.counterEvents) { _ in handler() }
    }

    func add(
        _ descriptor: Int32, for interest: EventLoop.Readiness,
        handler: @escaping @RequestPath (EventLoop.Readiness) -> Void
    ) -> EventLoop.Watch {
        add(descriptor, for: interest, events: interest.epollEvents, handler: handler)
    }

    private func add(
        _ descriptor: Int32, for interest: EventLoop.Readiness, events: UInt32,
        handler: @escaping @RequestPath (EventLoop.Readiness) -> Void
    ) -> EventLoop.Watch {
        let slot = takeSlot()
        entries[Int(slot)].descriptor = descriptor
        entries[Int(slot)].interest = interest
        entries[Int(slot)].handler = handler
        let watch = EventLoop.Watch(slot: slot, generation: entries[Int(slot)].generation)
        control(EPOLL_CTL_ADD, descriptor, events, key: watch.key)
        return watch
    }

    func change(_ watch: EventLoop.Watch, to interest: EventLoop.Readiness) {
        check(watch)
        guard entries[Int(watch.slot)].interest != interest else { return }
        entries[Int(watch.slot)].interest = interest
        let descriptor = entries[Int(watch.slot)].descriptor
        // epoll has dropped the watch if the descriptor was closed and opened again meanwhile (see `CurlSockets`).
        if !control(EPOLL_CTL_MOD, descriptor, interest.epollEvents, key: watch.key, tolerating: [ENOENT]) {
            control(EPOLL_CTL_ADD, descriptor, interest.epollEvents, key: watch.key)
        }
    }

    func remove(_ watch: EventLoop.Watch) {
        check(watch)
        // A descriptor that is closed already is not watched any more, which is what is wanted.
        control(EPOLL_CTL_DEL, entries[Int(watch.slot)].descriptor, 0, key: 0, tolerating: [ENOENT, EBADF])
        entries[Int(watch.slot)].handler = nil
        entries[Int(watch.slot)].generation &+= 1
        freeSlots.append(watch.slot)
    }

    /// Waits until a descriptor is ready, at most `nanoseconds`, and calls the handlers.
    func wait(nanoseconds: Int64) {
        let count = events.withUnsafeMutableBufferPointer {
            cshims_epoll_wait(epoll, $0.baseAddress, Int32($0.count), nanoseconds)
        }
        precondition(count >= 0 || errno == EINTR, "epoll_wait failed with error \(errno)")
        for index in 0..<Int(max(count, 0)) {
            dispatch(EventLoop.Readiness(epollEvents: events[index].events), key: events[index].data.u64)
        }
    }

    private func dispatch(_ readiness: EventLoop.Readiness, key: UInt64) {
        guard key != Self.wakeUpKey else { return }
        let watch = EventLoop.Watch(key: key)
        guard entries[Int(watch.slot)].generation == watch.generation else { return }
        let handler = entries[Int(watch.slot)].handler
        handler?(readiness)
    }

    private func takeSlot() -> UInt32 {
        if let slot = freeSlots.popLast() { return slot }
        entries.append(Entry())
        return UInt32(entries.count - 1)
    }

    private func check(_ watch: EventLoop.Watch) {
        precondition(
            entries[Int(watch.slot)].generation == watch.generation, "a watch must not be used after unwatch")
    }

    /// Whether it worked; an error that is not tolerated means that the descriptor is not what its owner thinks.
    @discardableResult
    private nonisolated func control(
        _ operation: Int32, _ descriptor: Int32, _ events: UInt32, key: UInt64, tolerating errors: [Int32] = []
    ) -> Bool {
        var event = epoll_event(events: events, data: epoll_data_t(u64: key))
        if epoll_ctl(epoll, operation, descriptor, &event) == 0 { return true }
        precondition(errors.contains(errno), "descriptor \(descriptor) cannot be watched: error \(errno)")
        return false
    }
}

extension EventLoop.Watch {
    fileprivate var key: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

    fileprivate init(key: UInt64) {
        self.init(slot: UInt32(truncatingIfNeeded: key), generation: UInt32(key >> 32))
    }
}

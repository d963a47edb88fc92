import CShims

extension EventLoop {
    /// What a descriptor is ready for, or is watched for.
    public struct Readiness: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let readable = Readiness(rawValue: 1)
        public static let writable = Readiness(rawValue: 2)
        /// The peer closed or the descriptor failed. Always watched for.
        public static let hangUp = Readiness(rawValue: 4)
    }

    /// Identifies one watched descriptor.
    public struct Watch: Hashable, Sendable {
        let slot: UInt32
        /// Tells apart the watches that have used the slot, so that an event of an earlier one is dropped.
        let generation: UInt32
    }
}

extension EventLoop.Readiness {
    init(epollEvents events: UInt32) {
        self = []
        if events & EPOLLIN.rawValue != 0 { insert(.readable) }
        if events & EPOLLOUT.rawValue != 0 { insert(.writable) }
        if events & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { insert(.hangUp) }
    }

    var epollEvents: UInt32 {
        (contains(.readable) ? EPOLLIN.rawValue : 0) | (contains(.writable) ? EPOLLOUT.rawValue : 0)
    }
}

extension EventLoop {
    /// Calls `handler` on the loop whenever `descriptor` is ready (level-triggered) until unwatched.
    @RequestPath
    public func watch(
        _ descriptor: Int32, for interest: Readiness, handler: @escaping @RequestPath (Readiness) -> Void
    ) -> Watch { watches.add(descriptor, for: interest, handler: handler) }

    @RequestPath public func change(_ watch: Watch, to interest: Readiness) { watches.change(watch, to: interest) }

    /// Must come before the descriptor is closed: epoll drops a closed one by itself, but its number may be in use again.
    /// No call of the handler follows.
    @RequestPath public func unwatch(_ watch: Watch) { watches.remove(watch) }
}

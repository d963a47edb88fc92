import CShims
import Glibc

/// An epoll instance whose events carry descriptors.
struct Poller: ~Copyable {
    private let descriptor: Descriptor
    private let events: UnsafeMutablePointer<epoll_event>
    private static let capacity = 512

    init() throws(SimulatorError) {
        descriptor = try Descriptor(epoll_create1(Int32(EPOLL_CLOEXEC)), "no epoll instance")
        events = .allocate(capacity: Self.capacity)
    }

    deinit { events.deallocate() }

    /// Reports each change of readiness once.
    func add(_ watched: Int32) -> Bool {
        let edge: UInt32 = 1 << 31  // EPOLLET, which Swift cannot import
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | edge
        event.data.fd = watched
        return epoll_ctl(descriptor.number, EPOLL_CTL_ADD, watched, &event) == 0
    }

    /// Waits until something is ready and returns how many events there are.
    func wait() -> Int { max(0, Int(epoll_wait(descriptor.number, events, Int32(Self.capacity), -1))) }

    func event(_ index: Int) -> (descriptor: Int32, readiness: Readiness) {
        (events[index].data.fd, Readiness(rawValue: events[index].events))
    }

    struct Readiness: OptionSet {
        let rawValue: UInt32
        static var readable: Readiness { Readiness(rawValue: EPOLLIN.rawValue) }
        static var writable: Readiness { Readiness(rawValue: EPOLLOUT.rawValue) }
        /// The peer will send nothing more.
        static var hungUp: Readiness {
            Readiness(rawValue: EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue)
        }
    }
}

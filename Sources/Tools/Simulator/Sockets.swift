import CShims
import Glibc

/// The system calls of the simulator's loop.
enum Sockets {
    /// Listens on 127.0.0.1 only: who may connect may also change scripts.
    static func listen(port: Int) throws(SimulatorError) -> (descriptor: Int32, port: Int) {
        guard let number = UInt16(exactly: port) else {
            throw SimulatorError(message: "port \(port) is not between 0 and 65535")
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw SimulatorError("no socket") }
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, to: Int32(1))
        // Accepted sockets inherit it: answers are written whole, waiting to join packets only delays them.
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, to: Int32(1))
        do throws(SimulatorError) {
            // The kernel caps the backlog at net.core.somaxconn.
            guard bind(descriptor, number), Glibc.listen(descriptor, 65_535) == 0 else {
                throw SimulatorError("cannot listen on 127.0.0.1:\(port)")
            }
            return (descriptor, boundPort(descriptor))
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func bind(_ descriptor: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return Glibc.bind(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) { bytes in
            _ = getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func set<Value: BitwiseCopyable>(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Value
    ) {
        withUnsafeBytes(of: value) { _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count)) }
    }

    /// Closes so that the peer sees a reset instead of an end.
    static func reset(_ descriptor: Int32) {
        set(descriptor, SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0))
        close(descriptor)
    }

    /// Raises the limit on open descriptors as far as this process may.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// An epoll instance whose events carry descriptors.
struct Poller: ~Copyable {
    private let descriptor: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private static let capacity = 512

    init() throws(SimulatorError) {
        descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw SimulatorError("no epoll instance") }
        events = .allocate(capacity: Self.capacity)
    }

    deinit {
        close(descriptor)
        events.deallocate()
    }

    /// Reports each change of readiness once.
    func add(_ watched: Int32) -> Bool {
        let edge: UInt32 = 1 << 31  // EPOLLET, which Swift cannot import
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | edge
        event.data.fd = watched
        return epoll_ctl(descriptor, EPOLL_CTL_ADD, watched, &event) == 0
    }

    /// Waits until something is ready and returns how many events there are.
    func wait() -> Int { max(0, Int(epoll_wait(descriptor, events, Int32(Self.capacity), -1))) }

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

/// A timer that an epoll instance can wait for, with nanoseconds; epoll's own time-out only has milliseconds.
struct DeadlineTimer: ~Copyable {
    let descriptor: Int32
    private var armed: Int64?

    init() throws(SimulatorError) {
        let flags = Int32(TFD_CLOEXEC) | Int32(TFD_NONBLOCK)
        descriptor = timerfd_create(CLOCK_MONOTONIC, flags)
        guard descriptor >= 0 else { throw SimulatorError("no timer") }
    }

    deinit { close(descriptor) }

    /// Fires at `deadline`, which may have passed.
    mutating func arm(at deadline: Int64?) {
        guard let deadline, deadline != armed else { return }
        armed = deadline
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(deadline / 1_000_000_000)
        setting.it_value.tv_nsec = Int(deadline % 1_000_000_000)
        timerfd_settime(descriptor, Int32(TFD_TIMER_ABSTIME), &setting, nil)
    }
}

/// Why the simulator could not start.
public struct SimulatorError: Error, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    init(message: String) { self.message = message }

    /// With what the system said.
    init(_ attempt: String) { message = "\(attempt): \(String(cString: strerror(errno)))" }
}

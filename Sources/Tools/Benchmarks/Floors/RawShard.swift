import CCurl
import CShims
import Glibc

/// One multi handle: libcurl's cost per request grows with the connections in it.
final class RawShard {
    static let capacity = 128

    struct Outcome {
        var code: CURLcode
        var status: Int
        var sentAt: Int64
    }

    let number: Int
    /// When libcurl wants to be called although nothing happened.
    private(set) var deadline = Int64.max
    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    /// Descriptors that epoll knows.
    private var watched: Set<Int32> = []
    private var sentAt: [UnsafeMutableRawPointer: Int64] = [:]

    /// The shard must live as long as the program: libcurl keeps its address.
    init(number: Int, epoll: Int32) throws(Unmeasurable) {
        guard let multi = curl_multi_init() else { throw Unmeasurable("libcurl has no memory for a shard") }
        self.number = number
        self.multi = multi
        self.epoll = epoll
        let address = Unmanaged.passUnretained(self).toOpaque()
        cshims_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.capacity)
        cshims_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, address)
        cshims_multi_set_socket(multi) { _, descriptor, action, shard, _ in
            guard let shard else { return -1 }
            Unmanaged<RawShard>.fromOpaque(shard).takeUnretainedValue().watch(descriptor, action)
            return 0
        }
        cshims_multi_set_pointer(multi, CURLMOPT_TIMERDATA, address)
        cshims_multi_set_timer(multi) { _, milliseconds, shard in
            guard let shard else { return -1 }
            let owner = Unmanaged<RawShard>.fromOpaque(shard).takeUnretainedValue()
            owner.deadline = milliseconds < 0 ? .max : Clocks.monotonic + Int64(milliseconds) * 1_000_000
            return 0
        }
    }

    private func watch(_ descriptor: Int32, _ action: Int32) {
        guard action != CURL_POLL_REMOVE else {
            watched.remove(descriptor)
            epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
            return
        }
        var event = epoll_event()
        if action != CURL_POLL_OUT { event.events |= EPOLLIN.rawValue }
        if action != CURL_POLL_IN { event.events |= EPOLLOUT.rawValue }
        event.data.u64 = UInt64(number) << 32 | UInt64(UInt32(bitPattern: descriptor))
        let isNew = watched.insert(descriptor).inserted
        epoll_ctl(epoll, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event)
    }

    func start(_ easy: UnsafeMutableRawPointer) {
        sentAt[easy] = Clocks.monotonic
        curl_multi_add_handle(multi, easy)
    }

    func socketReady(_ descriptor: Int32, _ events: UInt32) {
        var action: Int32 = 0
        if events & EPOLLIN.rawValue != 0 { action |= CURL_CSELECT_IN }
        if events & EPOLLOUT.rawValue != 0 { action |= CURL_CSELECT_OUT }
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { action |= CURL_CSELECT_IN | CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, descriptor, action, &running)
    }

    /// Whether libcurl's timer was due, and has been served.
    func runIfDue(now: Int64) -> Bool {
        guard deadline <= now else { return false }
        deadline = .max
        var running: Int32 = 0
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
        return true
    }

    /// A transfer that has ended, taken off the shard.
    func nextFinished() -> (easy: UnsafeMutableRawPointer, outcome: Outcome)? {
        var remaining: Int32 = 0
        guard let message = curl_multi_info_read(multi, &remaining), let easy = message.pointee.easy_handle else {
            return nil
        }
        let code = message.pointee.data.result
        let status = cshims_easy_info_long(easy, CURLINFO_RESPONSE_CODE)
        curl_multi_remove_handle(multi, easy)
        return (easy, Outcome(code: code, status: status, sentAt: sentAt[easy] ?? 0))
    }
}

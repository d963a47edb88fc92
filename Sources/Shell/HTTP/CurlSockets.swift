import CCurl
import CShims
import EventLoop
import Glibc

/// libcurl's sockets on the loop, by descriptor.
///
/// libcurl takes back its interest in a connection after every response and declares it again for the next request. To
/// spare those system calls, a connection stays watched while it is idle, until it is closed or something happens on it.
///
/// libcurl takes back its interest before it closes a socket, with one exception: a failed connection attempt is closed
/// first, and taken back later or, when the next attempt got the same descriptor, not at all. epoll has dropped
/// the descriptor by then. So sockets are opened and closed here, where it shows that a number has come back.
@RequestPath
final class CurlSockets {
    private struct Entry {
        /// Nil: not watched.
        var watch: EventLoop.Watch?
        var interest: EventLoop.Readiness = []
        /// False while a connection is idle.
        var isWanted = false
        /// Opened here, hence closed here; libcurl's resolver has sockets of its own, which are not.
        var isConnection = false
        var shard: CurlShard?
    }

    private let loop: EventLoop
    private let unacknowledgedMilliseconds: Int32
    private var entries: [Entry] = []
    /// Open connections, those that are being set up included.
    private(set) var openCount = 0

    /// `unacknowledgedTimeout`: how long a peer may leave sent bytes or probes unacknowledged.
    init(_ loop: EventLoop, unacknowledgedTimeout: Duration) {
        self.loop = loop
        unacknowledgedMilliseconds = Int32(clamping: unacknowledgedTimeout.wholeNanoseconds / 1_000_000)
    }

    /// Has the sockets of this transfer opened and closed here. The client keeps this object until no transfer and no
    /// connection is left.
    func observe(_ transfer: CurlTransfer) {
        let easy = transfer.easy
        let opener = Unmanaged.passUnretained(transfer).toOpaque()
        cshims_easy_set_pointer(easy, CURLOPT_OPENSOCKETDATA, opener)
        cshims_easy_set_opensocket(easy) { transfer, _, address in
            guard let transfer, let address else { return CURL_SOCKET_BAD }
            let descriptor = socket(
                address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
                address.pointee.protocol)
            guard descriptor >= 0 else { return CURL_SOCKET_BAD }
            let opener = Unmanaged<CurlTransfer>.fromOpaque(transfer).takeUnretainedValue()
            RequestPath.assumeIsolated { opener.opened(descriptor) }
            return descriptor
        }
        // A connection may outlive the transfer that opened it.
        cshims_easy_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(self).toOpaque())
        cshims_easy_set_closesocket(easy) { sockets, descriptor in
            guard let sockets else { return 1 }
            let owner = Unmanaged<CurlSockets>.fromOpaque(sockets).takeUnretainedValue()
            RequestPath.assumeIsolated { owner.closed(descriptor) }
            return close(descriptor)
        }
    }

    /// libcurl wants to know when `descriptor` is ready; an empty `interest`: no longer.
    func set(_ interest: EventLoop.Readiness, on descriptor: Int32, of shard: CurlShard) {
        reserve(descriptor)
        if interest.isEmpty { return leave(descriptor) }
        let before = entries[Int(descriptor)]
        entries[Int(descriptor)].interest = interest
        entries[Int(descriptor)].isWanted = true
        entries[Int(descriptor)].shard = shard
        guard let watch = before.watch else { return rewatch(descriptor) }
        if before.interest != interest { return loop.change(watch, to: interest) }
        // libcurl tells changes only: the same again, without an end between, is said of another socket.
        if before.isWanted { rewatch(descriptor) }
    }

    /// Only a connection that waits for a response is known to be established, and to be closed here one day.
    private func leave(_ descriptor: Int32) {
        let entry = entries[Int(descriptor)]
        guard entry.isConnection && entry.interest == .readable else { return stopWatching(descriptor) }
        entries[Int(descriptor)].isWanted = false
    }

    private func stopWatching(_ descriptor: Int32) {
        reserve(descriptor)
        if let watch = entries[Int(descriptor)].watch { loop.unwatch(watch) }
        entries[Int(descriptor)] = Entry()
    }

    private func closed(_ descriptor: Int32) {
        stopWatching(descriptor)
        openCount -= 1
    }

    func opened(_ descriptor: Int32) {
        // Without it the system tries for a quarter of an hour to bring bytes across a path that swallows them.
        var limit = unacknowledgedMilliseconds
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<Int32>.size))
        openCount += 1
        reserve(descriptor)
        entries[Int(descriptor)].isConnection = true
        // A watch describes a socket that has been closed. libcurl says nothing if it wants the same of this one; if it
        // wants something else, it will say so.
        if entries[Int(descriptor)].watch != nil { rewatch(descriptor) }
    }

    private func rewatch(_ descriptor: Int32) {
        if let stale = entries[Int(descriptor)].watch { loop.unwatch(stale) }
        let interest = entries[Int(descriptor)].interest
        entries[Int(descriptor)].watch = loop.watch(descriptor, for: interest) { [unowned self] readiness in
            ready(descriptor, readiness)
        }
    }

    private func ready(_ descriptor: Int32, _ readiness: EventLoop.Readiness) {
        let entry = entries[Int(descriptor)]
        if entry.isWanted {
            entry.shard?.socketReady(descriptor, readiness)
        } else if let watch = entry.watch {
            // The server has closed an idle connection. libcurl will notice before it uses it again.
            loop.unwatch(watch)
            entries[Int(descriptor)].watch = nil
        }
    }

    private func reserve(_ descriptor: Int32) {
        while entries.count <= Int(descriptor) { entries.append(Entry()) }
    }
}

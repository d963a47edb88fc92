import CCurl
import CShims
import EventLoop
import Glibc

/// libcurl's sockets on the loop, by descriptor.
///
/// libcurl says what it wants to know about a socket, and takes that back before it closes it, with one exception: a
/// connection attempt that failed is closed first and taken back later, or not at all when the next attempt got the same
/// descriptor. The kernel has forgotten the descriptor by then. So sockets are opened here, where it shows that
/// a number has come back.
@RequestPath
final class CurlSockets {
    private struct Entry {
        /// Nil: not watched.
        var watch: EventLoop.Watch?
        var interest: EventLoop.Readiness = []
        var shard: CurlShard?
    }

    private let loop: EventLoop
    private var entries: [Entry] = []

    init(_ loop: EventLoop) {
        self.loop = loop
    }

    /// Opens the sockets of this easy handle here. The client keeps this object until no handle is left.
    func observe(_ easy: UnsafeMutableRawPointer) {
        cshims_easy_set_pointer(easy, CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(self).toOpaque())
        cshims_easy_set_opensocket(easy) { sockets, _, address in
            guard let sockets, let address else { return CURL_SOCKET_BAD }
            let descriptor = socket(
                address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
                address.pointee.protocol)
            guard descriptor >= 0 else { return CURL_SOCKET_BAD }
            let owner = Unmanaged<CurlSockets>.fromOpaque(sockets).takeUnretainedValue()
            RequestPath.assumeIsolated { owner.opened(descriptor) }
            return descriptor
        }
    }

    /// libcurl wants to know when `descriptor` is ready; an empty `interest`: no longer.
    func set(_ interest: EventLoop.Readiness, on descriptor: Int32, of shard: CurlShard) {
        let index = Int(descriptor)
        while entries.count <= index { entries.append(Entry()) }
        guard !interest.isEmpty else {
            if let watch = entries[index].watch { loop.unwatch(watch) }
            entries[index] = Entry()
            return
        }
        let isSame = entries[index].interest == interest
        entries[index].interest = interest
        entries[index].shard = shard
        if let watch = entries[index].watch, !isSame {
            loop.change(watch, to: interest)
        } else {
            // libcurl tells changes only: the same again is said of another socket.
            rewatch(descriptor)
        }
    }

    /// An entry that is watched although its descriptor is new describes a socket that has been closed.
    private func opened(_ descriptor: Int32) {
        let index = Int(descriptor)
        guard index < entries.count, entries[index].watch != nil else { return }
        // libcurl says nothing if it wants the same of this socket; if it wants something else, it will say so.
        rewatch(descriptor)
    }

    private func rewatch(_ descriptor: Int32) {
        let index = Int(descriptor)
        if let stale = entries[index].watch { loop.unwatch(stale) }
        entries[index].watch = loop.watch(descriptor, for: entries[index].interest) { [unowned self] readiness in
            entries[Int(descriptor)].shard?.socketReady(descriptor, readiness)
        }
    }
}

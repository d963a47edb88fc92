import CCurl
import CShims
import EventLoop
import Time

/// One multi handle: a group of connections small enough that libcurl's searches through them stay cheap.
@RequestPath
final class CurlShard {
    private let multi: UnsafeMutableRawPointer
    private let sockets: CurlSockets
    private let loop: EventLoop
    private unowned let client: HTTPClient
    /// It keeps the shard until the client has closed it.
    unowned let origin: Origin
    /// In no order.
    private(set) var transfers: [CurlTransfer] = []
    /// Those that may still hold libcurl's copy of a body.
    private var uploading: [CurlTransfer] = []
    /// When the last transfer left.
    private(set) var idleSince: Instant

    /// Fires at `deadline` or before: deadlines move with every request, mostly to later, and then the timer stays.
    private var timer: LoopTimer?
    /// How many connections libcurl may open; zero: any number.
    private var connectionLimit = 0
    /// Whether that limit is one for another protocol than the server's.
    private var isLimitStale = false
    /// When libcurl wants to be called although nothing happened; nil: never.
    private var deadline: Instant?
    /// Whether the shard is on the client's list of those to run before the next wait.
    private var isScheduled = false

    init(client: HTTPClient, origin: Origin, sockets: CurlSockets, loop: EventLoop, connections: Int) {
        guard let multi = curl_multi_init() else { preconditionFailure("libcurl has no memory for a shard") }
        self.multi = multi
        self.client = client
        self.origin = origin
        self.sockets = sockets
        self.loop = loop
        idleSince = loop.now
        // By default the cache shrinks with the transfers in flight, which closes connections at low load.
        cshims_multi_set_long(multi, CURLMOPT_MAXCONNECTS, connections)
        observe()
    }

    /// Ends its transfers with `error` and closes its connections.
    func close(_ error: HTTPError) {
        // libcurl calls back while it cleans up, and the client may be on its way out: nothing is asked of it any more.
        isScheduled = true
        for transfer in transfers { transfer.abort(error) }
        timer?.cancel()
        curl_multi_cleanup(multi)
    }

    /// Zero: no limit. Connections that are open stay open.
    func limitConnections(to count: Int) {
        connectionLimit = count
        cshims_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, count)
    }

    /// The client keeps the shard until it has closed it, so libcurl may keep its address.
    private func observe() {
        let address = Unmanaged.passUnretained(self).toOpaque()
        cshims_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, address)
        cshims_multi_set_socket(multi) { _, descriptor, action, shard, _ in
            guard let shard else { return -1 }
            let owner = Unmanaged<CurlShard>.fromOpaque(shard).takeUnretainedValue()
            RequestPath.assumeIsolated { owner.socketAction(action, descriptor) }
            return 0
        }
        cshims_multi_set_pointer(multi, CURLMOPT_TIMERDATA, address)
        cshims_multi_set_timer(multi) { _, milliseconds, shard in
            guard let shard else { return -1 }
            let owner = Unmanaged<CurlShard>.fromOpaque(shard).takeUnretainedValue()
            RequestPath.assumeIsolated { owner.setDeadline(milliseconds) }
            return 0
        }
    }

    private func socketAction(_ action: Int32, _ descriptor: Int32) {
        let interest: EventLoop.Readiness =
            switch action {
            case CURL_POLL_IN: .readable
            case CURL_POLL_OUT: .writable
            case CURL_POLL_INOUT: [.readable, .writable]
            default: []
            }
        sockets.set(interest, on: descriptor, of: self)
    }

    private func setDeadline(_ milliseconds: Int) {
        guard milliseconds >= 0 else {
            deadline = nil
            return
        }
        let instant = loop.now.advanced(by: .milliseconds(milliseconds))
        deadline = instant
        if milliseconds == 0 { return schedule() }
        guard let timer else {
            timer = loop.schedule(at: instant) { [unowned self] in timerFired() }
            return
        }
        if !timer.isPending || instant < timer.deadline { timer.move(to: instant) }
    }

    private func timerFired() {
        guard let deadline else { return }
        if deadline <= loop.now { schedule() } else { timer?.move(to: deadline) }
    }

    private func schedule() {
        guard !isScheduled else { return }
        isScheduled = true
        client.schedule(self)
    }
}

// MARK: Transfers

extension CurlShard {
    func add(_ transfer: CurlTransfer) -> Bool {
        guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else { return false }
        transfer.position = transfers.count
        transfers.append(transfer)
        if origin.isSecure { uploading.append(transfer) }
        let needed = origin.connectionLimit(requests: transfers.count)
        if needed > connectionLimit { limitConnections(to: needed) }
        schedule()
        return true
    }

    func remove(_ transfer: CurlTransfer) {
        curl_multi_remove_handle(multi, transfer.easy)
        let last = transfers.removeLast()
        if last !== transfer {
            last.position = transfer.position
            transfers[last.position] = last
        }
        if transfers.isEmpty { idleSince = loop.now }
    }

    /// Lets a transfer go on that had been paused by its body's receiver, which may be called again from within.
    func resume(_ transfer: CurlTransfer) {
        curl_easy_pause(transfer.easy, CURLPAUSE_CONT)
        schedule()
    }

    /// Ends what is overdue, and opens more connections to a server that allows few streams, or one request, on each.
    func review(now: Instant) {
        // Backwards: the place of one that leaves is taken by the last one, which has been looked at.
        for index in transfers.indices.reversed() {
            guard let error = transfers[index].overdue(now: now) else { continue }
            transfers[index].abort(error)
        }
        guard connectionLimit > 0, let waiting = transfers.first(where: { $0.waitsLong(now: now) }) else { return }
        let ceiling = origin.connectionCeiling
        if connectionLimit < ceiling { limitConnections(to: min(connectionLimit * 2, ceiling)) }
        // Also where the limit stays: a connection may have become possible when nobody was looking.
        wakeWaiting(waiting)
    }

    /// The server speaks something else than it was taken to: as many connections as that takes may be opened, before the
    /// loop waits. libcurl does not let its callbacks change that.
    func reviseLimit() {
        isLimitStale = true
        schedule()
    }

    private func applyRevisedLimit() {
        guard isLimitStale else { return }
        isLimitStale = false
        let limit = origin.connectionLimit(requests: transfers.count)
        guard limit != connectionLimit else { return }
        limitConnections(to: limit)
        if let waiting = transfers.last(where: \.isWaiting) { wakeWaiting(waiting) }
    }

    /// libcurl looks at those that wait for a connection when one of them leaves, or finds one. One that is setting up a
    /// connection would end that.
    private func wakeWaiting(_ transfer: CurlTransfer) {
        curl_multi_remove_handle(multi, transfer.easy)
        curl_multi_add_handle(multi, transfer.easy)
        schedule()
    }

    /// No connection could be opened: whatever waits for one fails as well. Where one has carried a request, those
    /// that have not been sent will share it.
    func failUnsent(_ error: HTTPError) {
        guard transfers.allSatisfy({ !$0.wasSent }) else { return }
        for transfer in transfers { transfer.abort(error) }
    }

    func socketReady(_ descriptor: Int32, _ readiness: EventLoop.Readiness) {
        var events: Int32 = 0
        if readiness.contains(.readable) { events |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        // libcurl finds out what happened by reading.
        if readiness.contains(.hangUp) { events |= CURL_CSELECT_IN | CURL_CSELECT_ERR }
        var running: Int32 = 0
        curl_multi_socket_action(multi, descriptor, events, &running)
        schedule()
    }

    /// Runs what is due and hands on what has ended; transfers may end in any call of libcurl, so this follows them all.
    func run() {
        isScheduled = false
        applyRevisedLimit()
        if let deadline, deadline <= loop.now {
            self.deadline = nil
            var running: Int32 = 0
            curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
        }
        uploading.removeAll { $0.releaseUpload() }
        var remaining: Int32 = 0
        while let message = curl_multi_info_read(multi, &remaining) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let transfer = CurlTransfer.of(easy)
            else { continue }
            client.transferEnded(transfer, message.pointee.data.result)
        }
    }
}

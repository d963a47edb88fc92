import Glibc

/// One client: read a head, wait for the answer, write it, say goodbye. Owned by the server's thread.
final class AdminConnection {
    enum State {
        /// Left when the head is complete, refused or late.
        case reading
        /// Left when the handler's answer is posted, or late.
        case answering
        /// Left when all bytes are written, or late.
        case writing
        /// Our side is shut down; left when the client closes too. Closing with unread input would reset the
        /// connection and could take the answer with it.
        case lingering
        case closed
    }

    let descriptor: CInt
    private(set) var state = State.reading
    /// When the present state has lasted too long, on the thread's monotonic clock.
    private(set) var deadline: ContinuousClock.Instant
    private var received: [UInt8] = []
    private var output: ArraySlice<UInt8> = []
    private var isHead = false
    private let settings: AdminServer.Settings
    /// The running handler, to be cancelled when nobody waits for it any more.
    var handler: Task<Void, Never>?

    init(descriptor: CInt, settings: AdminServer.Settings, now: ContinuousClock.Instant) {
        self.descriptor = descriptor
        self.settings = settings
        deadline = now + settings.readTimeout
    }

    deinit {
        handler?.cancel()
        close(descriptor)
    }

    /// What `poll` should watch for.
    var interest: CShort {
        switch state {
        case .reading, .lingering: CShort(POLLIN)
        case .writing: CShort(POLLOUT)
        case .answering, .closed: 0  // POLLHUP and POLLERR are always reported
        }
    }

    /// Carries on after `poll` reported `events`. Returns a request once its head is complete.
    func handle(events: CShort, now: ContinuousClock.Instant) -> AdminRequest? {
        if events & CShort(POLLERR | POLLNVAL) != 0 || (state == .answering && events & CShort(POLLHUP) != 0) {
            state = .closed
            return nil
        }
        switch state {
        case .reading: return read(now: now)
        case .writing: write(now: now)
        case .lingering: drain()
        case .answering, .closed: break
        }
        return nil
    }

    /// Starts writing `response`; the rest follows when the socket takes more.
    func answer(with response: AdminResponse, now: ContinuousClock.Instant) {
        guard state == .reading || state == .answering else { return }
        handler = nil
        output = response.encoded(withBody: !isHead)[...]
        state = .writing
        deadline = now + settings.writeTimeout
        write(now: now)
    }

    /// Ends a state that has lasted too long.
    func expire(now: ContinuousClock.Instant) {
        switch state {
        case .reading where received.isEmpty: state = .closed
        case .reading: answer(with: .text("the request did not arrive in time", status: 408), now: now)
        case .answering:
            handler?.cancel()
            answer(with: .text("no answer in time", status: 503), now: now)
        case .writing, .lingering, .closed: state = .closed
        }
    }

    private func read(now: ContinuousClock.Instant) -> AdminRequest? {
        let count = receive(appending: true)
        if count == 0 { state = .closed }
        guard count > 0 else { return nil }
        switch AdminRequest.parse(received, limit: settings.maximumHeadBytes) {
        case .incomplete: return nil
        case .refused(let status):
            answer(with: Self.refusal(status), now: now)
            return nil
        case .request(let request):
            isHead = request.isHead
            state = .answering
            deadline = now + settings.handlerTimeout
            return request
        }
    }

    private func write(now: ContinuousClock.Instant) {
        while !output.isEmpty {
            let count = output.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if count > 0 {
                output = output.dropFirst(count)
            } else if errno == EAGAIN {
                return
            } else if errno != EINTR {
                state = .closed
                return
            }
        }
        shutdown(descriptor, CInt(SHUT_WR))
        state = .lingering
        deadline = now + settings.lingerTimeout
    }

    private func drain() {
        if receive(appending: false) == 0 { state = .closed }
    }

    /// Reads what has arrived. Zero: the client has closed, or is gone. Negative: nothing there now.
    private func receive(appending: Bool) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count < 0 { return errno == EAGAIN || errno == EINTR ? -1 : 0 }
            if appending { received.append(contentsOf: buffer[..<count]) }
            return count
        }
    }

    private static func refusal(_ status: Int) -> AdminResponse {
        switch status {
        case 405: .text("only GET and HEAD are served here", status: status, headers: [.init("allow", "GET, HEAD")])
        case 431: .text("the request's head is too large", status: status)
        case 505: .text("only HTTP/1.0 and HTTP/1.1 are spoken here", status: status)
        default: .text("not an HTTP request", status: status)
        }
    }
}

import Glibc
import Logging

/// The admin thread's body: one `poll` over the listener, the mailbox and every client.
struct AdminLoop: ~Copyable {
    private let listener: Listener
    private let mailbox: AdminMailbox
    private let settings: AdminServer.Settings
    private let logger: Logger
    private let handler: AdminServer.Handler
    private var connections: [Int: AdminConnection] = [:]
    private var nextConnection = 0
    /// After accept failed for want of descriptors: a listener left in the poll set would spin.
    private var acceptsAgainAt: ContinuousClock.Instant?

    init(
        listener: Listener, mailbox: AdminMailbox, settings: AdminServer.Settings, logger: Logger,
        handler: @escaping AdminServer.Handler
    ) {
        self.listener = listener
        self.mailbox = mailbox
        self.settings = settings
        self.logger = logger
        self.handler = handler
    }

    deinit { close(listener.descriptor) }

    /// Serves until the mailbox says stop.
    consuming func run() {
        while true {
            let ids = Array(connections.keys)
            var polled = pollSet(for: ids)
            _ = poll(&polled, nfds_t(polled.count), millisecondsToNextDeadline())
            let (answers, isStopping) = mailbox.collect()
            if isStopping { return }
            let now = ContinuousClock.now
            for (id, response) in answers { connections[id]?.answer(with: response, now: now) }
            for (id, entry) in zip(ids, polled.dropFirst(2)) where entry.revents != 0 {
                carryOn(with: id, events: entry.revents, now: now)
            }
            for connection in connections.values where connection.deadline <= now { connection.expire(now: now) }
            connections = connections.filter { $0.value.state != .closed }
            if polled[0].revents != 0 { acceptClients(now: now) }
        }
    }

    /// The listener (unless full), the mailbox, then the clients in `ids`' order.
    private func pollSet(for ids: [Int]) -> [pollfd] {
        let isAccepting = connections.count < settings.maximumClients && acceptsAgainAt == nil
        // A negative descriptor is skipped by poll.
        var set = [
            pollfd(fd: isAccepting ? listener.descriptor : -1, events: CShort(POLLIN), revents: 0),
            pollfd(fd: mailbox.descriptor, events: CShort(POLLIN), revents: 0),
        ]
        for id in ids {
            guard let connection = connections[id] else { continue }
            set.append(pollfd(fd: connection.descriptor, events: connection.interest, revents: 0))
        }
        return set
    }

    private mutating func millisecondsToNextDeadline() -> CInt {
        let now = ContinuousClock.now
        if let at = acceptsAgainAt, at <= now { acceptsAgainAt = nil }
        let deadlines = connections.values.map(\.deadline) + [acceptsAgainAt].compactMap(\.self)
        guard let next = deadlines.min() else { return -1 }
        // Rounded up: a wake-up just before the deadline would find nothing to do and spin.
        return CInt(max(0, (next - now) / .milliseconds(1)).rounded(.up))
    }

    private func carryOn(with id: Int, events: CShort, now: ContinuousClock.Instant) {
        guard let connection = connections[id], let request = connection.handle(events: events, now: now) else {
            return
        }
        connection.handler = Task { [handler, mailbox] in
            mailbox.post(await handler(request.path, request.query), for: id)
        }
    }

    private mutating func acceptClients(now: ContinuousClock.Instant) {
        while connections.count < settings.maximumClients {
            let descriptor = listener.accept()
            guard descriptor >= 0 else {
                noteAcceptFailure(errno, now: now)
                return
            }
            connections[nextConnection] = AdminConnection(descriptor: descriptor, settings: settings, now: now)
            nextConnection += 1
        }
    }

    private mutating func noteAcceptFailure(_ reason: CInt, now: ContinuousClock.Instant) {
        switch reason {
        case EAGAIN, EINTR, ECONNABORTED: return
        default:
            acceptsAgainAt = now + .milliseconds(200)
            let text = String(cString: strerror(reason))
            logger.warning("admin client refused", ["reason": .string(text)], limitedBy: "accept")
        }
    }
}

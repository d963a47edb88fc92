public import Logging
import Threads

/// The read-only admin HTTP listener: GET and HEAD, one request per connection, on one thread of its own.
///
/// What it serves is the handler's business, which runs on Swift's pool: a slow answer holds up no other client, and
/// nothing here touches the request path.
public final class AdminServer: Sendable {
    /// Answers the request for `path` (with what followed its `?`).
    public typealias Handler = @Sendable (_ path: String, _ query: String?) async -> AdminResponse

    public struct Settings: Sendable {
        /// Clients served at once; more wait in the system's queue.
        public var maximumClients = 64
        public var maximumHeadBytes = 8192
        public var readTimeout = Duration.seconds(10)
        public var handlerTimeout = Duration.seconds(30)
        public var writeTimeout = Duration.seconds(30)
        /// How long a client may take to close after its answer.
        public var lingerTimeout = Duration.seconds(2)

        public init() {}
    }

    /// `host:port` as bound: the real port where port 0 was asked for.
    public let address: String
    private let mailbox: AdminMailbox

    /// Listens on `address` (`host:port`, `[::1]:port`, `:port` for every address) and serves until `stop`.
    public init(
        address: String, settings: Settings = Settings(), logger: Logger, handler: @escaping Handler
    ) throws(AdminServerError) {
        let mailbox = try AdminMailbox()
        let listener = try Listener(on: address)
        self.address = listener.address
        self.mailbox = mailbox
        logger.info("admin listening", ["address": .string(listener.address)])
        ServiceThread.start(name: "admin-http") {
            AdminLoop(listener: listener, mailbox: mailbox, settings: settings, logger: logger, handler: handler).run()
            mailbox.markStopped()
        }
    }

    deinit { mailbox.requestStop() }

    /// Closes the listener and every connection; returns when both are gone.
    public func stop() async {
        mailbox.requestStop()
        await mailbox.waitUntilStopped()
    }
}

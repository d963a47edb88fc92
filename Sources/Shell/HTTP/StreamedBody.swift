/// What has arrived of a body that is read while it comes, and how it ended.
///
/// Not isolated, for the same reason as `ResponseCollector`.
final class StreamedBody {
    /// What becomes of a piece that has come.
    enum Reception {
        case taken
        /// Too much waits already: libcurl is to keep it, and to give it again when resumed.
        case refused
        /// More waits than may ever be kept.
        case tooLarge
    }

    /// Bytes that nobody has taken, at most, where libcurl may be paused: TCP holds the server back then. One more piece
    /// of libcurl's, 16 KB, can come on top.
    private static let pauseLimit = 64 << 10
    /// The same where it may not.
    private let limit: Int

    /// Whether libcurl may be paused: over HTTP/2 that would hold up the others on the connection.
    private(set) var isPausable = true
    private(set) var status = 0
    private(set) var headers = HTTPHeaders()
    private(set) var bytes: [UInt8] = []
    private(set) var outcome: Result<Void, HTTPError>?
    private(set) var isPaused = false
    /// Whoever waits for bytes or for the end.
    private var waiter: UnsafeContinuation<Void, Never>?

    init(limit: Int) { self.limit = limit }

    /// Whether there is something to be done without waiting.
    var isReady: Bool { !bytes.isEmpty || outcome != nil }

    /// The head has come.
    func begin(status: Int, headers: HTTPHeaders, isPausable: Bool) {
        self.status = status
        self.headers = headers
        self.isPausable = isPausable
    }

    func receive(_ piece: UnsafeRawBufferPointer) -> Reception {
        isPaused = isPausable && bytes.count >= Self.pauseLimit
        if isPaused { return .refused }
        guard piece.count <= limit - bytes.count else { return .tooLarge }
        bytes.append(contentsOf: piece)
        wake()
        return .taken
    }

    func end(_ outcome: Result<HTTPResponse, HTTPError>) {
        // The head of a response without a body comes only here.
        if status == 0, case .success(let response) = outcome {
            begin(status: response.status, headers: response.headers, isPausable: true)
        }
        self.outcome = outcome.map { _ in }
        wake()
    }

    /// All bytes that have arrived and were not taken before.
    func takeBytes() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &bytes)
        return taken
    }

    /// libcurl is about to be told that it may go on.
    func resume() { isPaused = false }

    /// `continuation` is resumed when `isReady` becomes true.
    func wait(_ continuation: UnsafeContinuation<Void, Never>) {
        if isReady { continuation.resume() } else { waiter = continuation }
    }

    private func wake() { waiter.take()?.resume() }
}

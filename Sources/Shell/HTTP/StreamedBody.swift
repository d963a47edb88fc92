/// What has arrived of a body that is read while it comes, and how it ended.
///
/// Not isolated, for the same reason as `ResponseCollector`.
final class StreamedBody {
    /// Bytes that nobody has taken, at most: libcurl is paused then, and TCP holds the server back. One more piece of
    /// libcurl's, 16 KB, can come on top.
    private static let limit = 64 << 10

    private(set) var status = 0
    private(set) var headers = HTTPHeaders()
    private(set) var bytes: [UInt8] = []
    private(set) var outcome: Result<Void, HTTPError>?
    private(set) var isPaused = false
    /// Whoever waits for bytes or for the end.
    private var waiter: UnsafeContinuation<Void, Never>?

    /// Whether there is something to be done without waiting.
    var isReady: Bool { !bytes.isEmpty || outcome != nil }

    /// The head has come.
    func begin(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }

    /// Takes in a piece, unless too many bytes wait already: then libcurl keeps it, and gives it again when resumed.
    func receive(_ piece: UnsafeRawBufferPointer) -> Bool {
        isPaused = bytes.count >= Self.limit
        if isPaused { return false }
        bytes.append(contentsOf: piece)
        wake()
        return true
    }

    func end(_ outcome: Result<HTTPResponse, HTTPError>) {
        // The head of a response without a body comes only here.
        if status == 0, case .success(let response) = outcome {
            begin(status: response.status, headers: response.headers)
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

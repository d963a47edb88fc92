import CShims
import Glibc
import Synchronization

/// A fake Bedrock runtime on loopback: HTTP/1.1, one thread, any number of models played by scripts.
///
///     let simulator = try BedrockSimulator()
///     simulator.setScript(ModelScript(steps: [.answer(status: 429), .answer()]), for: "anthropic.*")
///     // ... point a Bedrock client at simulator.url ...
///     #expect(simulator.journal.count("anthropic.claude-3-haiku-20240307-v1:0", "429") == 1)
///
/// Beside Bedrock's operations it serves `POST /simulator/script`, `GET` and `DELETE /simulator/journal`.
public final class BedrockSimulator: Sendable {
    public let port: Int
    public var url: String { "http://127.0.0.1:\(port)" }

    private let state: SimulatorState
    private let wake: Descriptor
    /// Nil once it has ended.
    private let thread: Mutex<pthread_t?>

    public struct Settings: Sendable {
        /// 0: one that is free.
        public var port = 0
        public var scripts: [ScriptEntry] = []
        public var signatures = SignatureCheck.shape
        /// Whether `journal.entries` lists every request; off for load, since the list grows for ever.
        public var keepsEntries = false
        /// A file to append a JSON line to for every request.
        public var journalFile: String?

        public init() {}
    }

    /// How closely a request's authentication is looked at. Bearer tokens pass wherever signatures do.
    public enum SignatureCheck: Hashable, Sendable {
        case off
        /// The Authorization header's parts, scope and signed headers.
        case shape
        /// And X-Amz-Date is this close to now.
        case shapeAndDate(maximumSkew: Duration)
    }

    /// Listens and serves from here on, until `stop` or the last reference goes.
    public init(_ settings: Settings = Settings()) throws(SimulatorError) {
        Sockets.raiseDescriptorLimit()
        var journalFile: JournalFile?
        if let path = settings.journalFile { journalFile = try JournalFile(path: path) }
        let listener = try Sockets.listen(port: settings.port)
        port = Sockets.boundPort(listener.number)
        state = SimulatorState(
            scripts: settings.scripts, keepsEntries: settings.keepsEntries, writesFile: journalFile != nil)
        wake = try Descriptor(eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)), "no eventfd")
        let loop = try SimulatorLoop(
            listener: listener, wake: wake.number, journalFile: journalFile, state: state,
            signatures: settings.signatures)
        thread = Mutex(try Self.startThread(loop))
    }

    deinit { stop() }

    /// Closes every connection and ends the thread. Harmless when repeated.
    public func stop() {
        thread.withLock { thread in
            guard let running = thread else { return }
            state.stopRequested.store(true, ordering: .releasing)
            eventfd_write(wake.number, 1)
            pthread_join(running, nil)
            thread = nil
        }
    }

    private static func startThread(_ loop: SimulatorLoop) throws(SimulatorError) -> pthread_t {
        var thread = pthread_t()
        let owned = Unmanaged.passRetained(loop)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<SimulatorLoop>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, owned.toOpaque())
        guard code == 0 else {
            owned.release()
            throw SimulatorError(message: "cannot start a thread: \(String(cString: strerror(code)))")
        }
        return thread
    }
}

extension BedrockSimulator {
    /// Requests that wait for their answer's time, those that wait for ever included.
    public var inFlight: Int { state.inFlight.load(ordering: .relaxed) }

    public var connections: Int { state.connections.load(ordering: .relaxed) }

    /// From the next request on. The models concerned start with the script's first step.
    public func setScript(_ script: ModelScript, for pattern: String = "*") {
        state.set([ScriptEntry(pattern, script)])
    }

    public func setScripts(_ entries: [ScriptEntry]) { state.set(entries) }

    public var journal: JournalSnapshot { state.snapshot() }

    /// Starts counting anew; scripts go on where they are.
    public func clearJournal() { state.clearJournal() }
}

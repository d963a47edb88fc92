/// One client's connection, as its loop sees it. An idle one holds no buffers.
final class Connection {
    let descriptor: Int32
    var phase = Phase.reading
    /// Bytes that came and are not used: the beginning of a request, or requests behind the one being answered.
    var input: [UInt8] = []
    /// How many bytes `input` must have before it is worth parsing again.
    var needed = 0
    /// The interim answer to `Expect: 100-continue` went out.
    var continued = false
    /// The answer that waits for its time, or what the socket has not taken yet.
    var output: [UInt8] = []
    var sent = 0
    var ending = Reaction.Ending.keepAlive
    /// The rest of the answer, when it is streamed.
    var stream: StreamPlay?
    /// The stream waits before its next event.
    private var isPausing = false
    /// The socket became readable while nobody read. Readiness is reported once (edge-triggered), so it is kept here.
    var hasUnread = false
    /// Tells this wait from earlier ones, whose deadlines may still be in the heap.
    private(set) var wait: UInt32 = 0

    enum Phase {
        /// For a request. Left when one is complete.
        case reading
        /// For the time at which the answer is due, or for ever; left at that time or when the client goes.
        case waiting
        /// Until the socket has taken the answer.
        case writing
        /// Nothing more is sent. What the client still sends is thrown away, since closing on unread bytes would
        /// destroy the answer under way to it. Left when the client closes, or after a grace.
        case draining
    }

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// How an answer goes on whose written part has been sent.
    enum Continuation {
        case send
        case wait(nanoseconds: Int64)
        case waitForEver
        /// It does not.
        case over
    }

    /// Writes some more of a streamed answer, as far as that is due.
    func writeOn() -> Continuation {
        guard var playing = stream.take() else { return .over }
        if isPausing {
            isPausing = false
            stream = playing
            return .wait(nanoseconds: playing.delay)
        }
        while output.count < Self.burst {
            switch playing.writeNext(into: &output) {
            case .event: continue
            case .pause where playing.delay == 0: continue
            case .pause: isPausing = true
            case .stall:
                stream = playing
                return output.isEmpty ? .waitForEver : .send
            case .end: return .send
            }
            break
        }
        stream = playing
        return .send
    }

    /// Events that are sent in one go where there is no delay between them.
    private static let burst = 16 << 10

    func beginWait(in phase: Phase) -> UInt32 {
        self.phase = phase
        wait &+= 1
        return wait
    }
}

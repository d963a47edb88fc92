import Glibc
import Synchronization

/// The simulator's one thread: accepts, reads, answers, waits. Everything in it belongs to that thread.
final class SimulatorLoop {
    private let poller: Poller
    private var timer: DeadlineTimer
    private let listener: Descriptor
    private let journalFile: JournalFile?
    private let state: SimulatorState
    private var responder: Responder

    /// By descriptor.
    private var connections: [Connection?] = []
    private var deadlines = DeadlineHeap()
    /// Answers of one burst of requests, sent together.
    private var out: [UInt8] = []
    private var journalLines: [UInt8] = []
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 16)
    /// Descriptors ran out; the next connection that closes makes room.
    private var acceptIsBlocked = false

    private static let bufferSize = 128 * 1024
    private static let longestBody = 64 * 1024 * 1024
    /// Two seconds for a client to read the last answer and close.
    private static let drainGrace: Int64 = 2_000_000_000

    /// A change of `wake` makes the loop look whether it is to stop.
    init(
        listener: consuming Descriptor, wake: Int32, journalFile: JournalFile?, state: SimulatorState,
        signatures: BedrockSimulator.SignatureCheck
    ) throws(SimulatorError) {
        self.listener = listener
        self.journalFile = journalFile
        self.state = state
        responder = Responder(state: state, signatures: signatures)
        poller = try Poller()
        timer = try DeadlineTimer()
        guard poller.add(self.listener.number), poller.add(wake), poller.add(timer.descriptor) else {
            throw SimulatorError("cannot watch the listening socket")
        }
    }

    deinit { buffer.deallocate() }

    /// Serves until `stopRequested`, then closes every connection.
    func run() {
        while !state.stopRequested.load(ordering: .acquiring) {
            let count = poller.wait()
            responder.setTime(unixSeconds: Int(Clock.unix / 1_000_000_000))
            for index in 0..<count {
                let (descriptor, readiness) = poller.event(index)
                handle(readiness, of: descriptor)
            }
            answerWhatIsDue()
            timer.arm(at: deadlines.earliest)
            writeJournal()
        }
        closeAll()
    }

    private func handle(_ readiness: Poller.Readiness, of descriptor: Int32) {
        if descriptor == listener.number { return acceptAll() }
        guard connections.indices.contains(Int(descriptor)), let connection = connections[Int(descriptor)] else {
            return  // the timer, or the wake-up call: the loop looks after both each turn
        }
        switch connection.phase {
        case .reading: readAll(connection, readiness)
        case .waiting:
            connection.hasUnread = true
            if !readiness.isDisjoint(with: .hungUp) { abandon(connection) }
        case .writing:
            if readiness.contains(.readable) { connection.hasUnread = true }
            if readiness.contains(.writable) { sendOutput(connection) }
        case .draining: drain(connection)
        }
    }

    private func closeAll() {
        for case let connection? in connections { close(connection) }
        writeJournal()
    }
}

// Connections come and go.
extension SimulatorLoop {
    private func acceptAll() {
        while true {
            let descriptor = accept(listener.number, nil, nil)
            if descriptor < 0 {
                acceptIsBlocked = errno == EMFILE || errno == ENFILE
                if errno == ECONNABORTED || errno == EINTR { continue }
                return
            }
            // No O_NONBLOCK: every call below says MSG_DONTWAIT. Children of this process must not hold it open.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            if connections.count <= Int(descriptor) {
                connections.append(contentsOf: repeatElement(nil, count: Int(descriptor) + 1 - connections.count))
            }
            connections[Int(descriptor)] = Connection(descriptor: descriptor)
            state.connections.add(1, ordering: .relaxed)
            if !poller.add(descriptor), let connection = connections[Int(descriptor)] { close(connection) }
        }
    }

    private func close(_ connection: Connection) {
        Glibc.close(connection.descriptor)
        forget(connection)
    }

    private func forget(_ connection: Connection) {
        leaveFlight(connection)
        connections[Int(connection.descriptor)] = nil
        state.connections.subtract(1, ordering: .relaxed)
        if acceptIsBlocked { acceptAll() }
    }

    /// The client went away while its request was being answered. (Or half-closed: that is taken for the same.)
    private func abandon(_ connection: Connection) {
        state.recordAbandoned()
        close(connection)
    }

    private func leaveFlight(_ connection: Connection) {
        if connection.phase == .waiting { state.inFlight.subtract(1, ordering: .relaxed) }
    }

    /// After the last byte of an answer: what its request's script wants of the connection.
    private func end(_ connection: Connection) {
        switch connection.ending {
        case .keepAlive: return
        case .reset:
            Sockets.reset(connection.descriptor)
            forget(connection)
        case .close:
            shutdown(connection.descriptor, Int32(SHUT_WR))
            let wait = connection.beginWait(in: .draining)
            deadlines.insert(
                DeadlineHeap.Entry(
                    time: Clock.monotonic + Self.drainGrace, descriptor: connection.descriptor, wait: wait))
            drain(connection)
        }
    }

    private func drain(_ connection: Connection) {
        while true {
            let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN { return }
            if count <= 0 { return close(connection) }
        }
    }
}

// Requests.
extension SimulatorLoop {
    /// Reads and answers until the socket is empty or an answer has to wait.
    private func readAll(_ connection: Connection, _ readiness: Poller.Readiness) {
        while connection.phase == .reading {
            let count = recv(connection.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno == EAGAIN { return }
            if count <= 0 { return close(connection) }
            take(Bytes(start: buffer.baseAddress, count: count), from: connection)
            // A short read has emptied the socket; what comes later is reported anew.
            let mayHoldMore = count == buffer.count || !readiness.isDisjoint(with: .hungUp)
            if connection.phase == .reading {
                if mayHoldMore { continue }
                return
            }
            connection.hasUnread = connection.hasUnread || mayHoldMore
            if connection.phase == .waiting, !readiness.isDisjoint(with: .hungUp) { abandon(connection) }
        }
    }

    /// Answers the requests in `bytes` and what was left before them; keeps the rest.
    private func take(_ bytes: Bytes, from connection: Connection) {
        if connection.input.isEmpty {
            let used = answer(bytes, of: connection)
            if used < bytes.count { connection.input.append(contentsOf: bytes.dropping(used)) }
        } else {
            connection.input.append(contentsOf: bytes)
            if connection.input.count >= connection.needed { takeInput(of: connection) }
        }
        sendBurst(to: connection)
    }

    private func takeInput(of connection: Connection) {
        var held: [UInt8] = []
        swap(&held, &connection.input)
        let used = held.withUnsafeBytes { answer($0, of: connection) }
        if used < held.count {
            held.removeFirst(used)
            connection.input = held
        }
    }

    /// Answers complete requests one after the other until one has to wait; returns how many bytes they had.
    private func answer(_ bytes: Bytes, of connection: Connection) -> Int {
        var used = 0
        while connection.phase == .reading, connection.ending == .keepAlive, used < bytes.count {
            let rest = bytes.dropping(used)
            let start = out.count
            switch RequestHead.parse(rest) {
            case .incomplete: return used
            case .refused(let refusal):
                used = bytes.count
                follow(responder.refuse(refusal, closes: true, into: &out), from: start, connection)
            case .head(let head):
                if let refusal = Self.refusal(ofBody: head) {
                    used = bytes.count
                    follow(responder.refuse(refusal, closes: true, into: &out), from: start, connection)
                    continue
                }
                let length = head.length + head.contentLength
                guard rest.count >= length else {
                    expectMore(head, of: connection)
                    return used
                }
                connection.needed = 0
                connection.continued = false
                used += length
                let body = rest.slice(head.length..<length)
                follow(responder.answer(head, body: body, into: &out), from: start, connection)
            }
        }
        return used
    }

    private static func refusal(ofBody head: RequestHead) -> Refusal? {
        if head.isChunked { return .chunkedBody }
        return head.contentLength > longestBody ? .bodyTooLong : nil
    }

    private func expectMore(_ head: RequestHead, of connection: Connection) {
        connection.needed = head.length + head.contentLength
        guard head.expectsContinue, !connection.continued else { return }
        connection.continued = true
        out.append("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Carries out what was decided about a request whose answer begins at `start` of `out`.
    private func follow(_ reaction: Reaction, from start: Int, _ connection: Connection) {
        connection.ending = reaction.ending
        connection.stream = reaction.stream
        guard reaction.delay > 0 || reaction.hangs || reaction.stream != nil else { return }
        connection.output.append(contentsOf: out[start...])
        out.removeLast(out.count - start)
        let wait = connection.beginWait(in: .waiting)
        state.inFlight.add(1, ordering: .relaxed)
        if reaction.hangs { return }
        deadlines.insert(
            DeadlineHeap.Entry(time: Clock.monotonic + reaction.delay, descriptor: connection.descriptor, wait: wait))
    }
}

// Answers.
extension SimulatorLoop {
    /// Sends the answers of a burst of requests; the socket rarely refuses, and then the rest waits.
    private func sendBurst(to connection: Connection) {
        defer { out.removeAll(keepingCapacity: true) }
        let isWaiting = connection.phase == .waiting
        if !out.isEmpty {
            let sent = out.withUnsafeBytes { Self.send($0, to: connection.descriptor) }
            if sent < 0 { return close(connection) }
            if sent < out.count {
                // A delayed answer behind it stays behind it.
                connection.output.insert(contentsOf: out[sent...], at: 0)
                if !isWaiting { connection.phase = .writing }
                return
            }
        }
        if !isWaiting { end(connection) }
    }

    /// Sends what `output` still holds and what a stream adds to it, then goes on with the requests behind it.
    private func sendOutput(_ connection: Connection) {
        while true {
            let sent = connection.output.withUnsafeBytes {
                Self.send($0.dropping(connection.sent), to: connection.descriptor)
            }
            if sent < 0 { return connection.stream == nil ? close(connection) : abandon(connection) }
            connection.sent += sent
            guard connection.sent == connection.output.count else { return }
            connection.output.removeAll(keepingCapacity: connection.stream != nil)
            connection.sent = 0
            switch connection.writeOn() {
            case .send: continue
            case .wait(let nanoseconds): return pause(connection, for: nanoseconds)
            case .waitForEver: return pause(connection, for: nil)
            case .over: break
            }
            break
        }
        connection.phase = .reading
        if connection.ending == .keepAlive { resume(connection) } else { end(connection) }
    }

    /// Nil: until the client goes.
    private func pause(_ connection: Connection, for nanoseconds: Int64?) {
        let wait = connection.beginWait(in: .waiting)
        state.inFlight.add(1, ordering: .relaxed)
        guard let nanoseconds else { return }
        deadlines.insert(
            DeadlineHeap.Entry(time: Clock.monotonic + nanoseconds, descriptor: connection.descriptor, wait: wait))
    }

    private func resume(_ connection: Connection) {
        if !connection.input.isEmpty {
            takeInput(of: connection)
            sendBurst(to: connection)
        }
        guard connection.phase == .reading, connection.hasUnread, connection.ending == .keepAlive else { return }
        connection.hasUnread = false
        readAll(connection, .readable)
    }

    /// How many bytes the socket took; -1 if the connection is gone.
    private static func send(_ bytes: Bytes, to descriptor: Int32) -> Int {
        var sent = 0
        while sent < bytes.count {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            let count = Glibc.send(descriptor, bytes.baseAddress.map { $0 + sent }, bytes.count - sent, flags)
            if count < 0 { return errno == EAGAIN ? sent : -1 }
            sent += count
        }
        return sent
    }

    private func answerWhatIsDue() {
        let now = Clock.monotonic
        while let due = deadlines.popDue(at: now) {
            guard let connection = connections[Int(due.descriptor)], connection.wait == due.wait else { continue }
            switch connection.phase {
            case .waiting:
                leaveFlight(connection)
                connection.phase = .writing
                sendOutput(connection)
            case .draining: close(connection)
            case .reading, .writing: continue
            }
        }
    }

    private func writeJournal() {
        guard let journalFile else { return }
        state.takeUnwritten(&journalLines)
        journalFile.append(journalLines)
        journalLines.removeAll(keepingCapacity: true)
    }
}

import EventLoop
import Partitions
import Time

/// Delivers the records of one stream in their order, several at once on their way.
///
/// What could not be delivered for the moment is sent again from there on, once nothing of the stream is under way any
/// more. If a later record got through before that, order is lost: the stream is broken, and its end must say so.
@RequestPath
final class StreamDelivery {
    /// Why a stream cannot go on.
    struct Break: Error {
        var reason: DeliveryError
    }

    /// Bytes on their way, beyond which the stream's source has to wait.
    private static let limit = 64 << 10

    private struct Entry {
        var record: ProducerRecord
        var state = State.underWay

        enum State {
            case underWay
            case delivered
            case failed
        }
    }

    private let publisher: any RecordPublisher
    private let loop = EventLoop.shared
    /// From the first that is not delivered, in order. `first` is that one's number.
    private var entries: [Entry] = []
    private var first = 0
    private var underWay = 0
    private let bytes: HeldBytes
    private var backoff = Backoff()
    private var retry: LoopTimer?
    /// Nothing new leaves until what was lost is sent again.
    private(set) var isRepairing = false
    private(set) var broken: Break?
    private var waiter: UnsafeContinuation<Void, Never>?
    /// Called when a record has left and there is room for more.
    var onRoom: (@RequestPath () -> Void)?

    /// `lanes`: where the bytes on their way count.
    init(_ publisher: any RecordPublisher, lanes: ConsumerLoop? = nil) {
        self.publisher = publisher
        bytes = HeldBytes(countedBy: lanes)
    }

    isolated deinit { retry?.cancel() }

    /// Whether everything given to `send` is acknowledged.
    var isSettled: Bool { entries.isEmpty }

    /// Whether the stream's source need not wait.
    var hasRoom: Bool { bytes.count <= Self.limit }

    /// One more than the number of the last record that got through.
    private(set) var end = 0

    /// Takes the stream's next record. Nothing follows a record that broke the stream.
    func send(_ record: ProducerRecord) {
        guard broken == nil else { return }
        entries.append(Entry(record: record))
        bytes.hold(record.byteCount)
        if isRepairing {
            entries[entries.count - 1].state = .failed
        } else {
            produce(record, number: first + entries.count - 1)
        }
    }

    /// The one place where chunks leave. Tasks begin in the order they are made, so records are produced in order.
    private func produce(_ record: ProducerRecord, number: Int) {
        underWay += 1
        RequestPath.task {
            do throws(DeliveryError) {
                try await self.publisher.publish(record)
                self.ended(number, nil)
            } catch {
                self.ended(number, error)
            }
        }
    }

    private func ended(_ number: Int, _ error: DeliveryError?) {
        underWay -= 1
        if let error {
            entries[number - first].state = .failed
            if error.kind == .unavailable { isRepairing = true } else { broken = broken ?? Break(reason: error) }
        } else {
            entries[number - first].state = .delivered
            end = max(end, number + 1)
            dropDelivered()
            if !isRepairing { backoff = Backoff() }
        }
        if underWay == 0 && isRepairing && broken == nil { repair() }
        if hasRoom && broken == nil { onRoom?() }
        wake()
    }

    private func dropDelivered() {
        var count = 0
        var dropped = 0
        while count < entries.count, case .delivered = entries[count].state {
            dropped += entries[count].record.byteCount
            count += 1
        }
        guard count > 0 else { return }
        entries.removeFirst(count)
        first += count
        bytes.release(dropped)
    }

    private func repair() {
        if entries.contains(where: { if case .delivered = $0.state { true } else { false } }) {
            let message = "a record was lost of which later ones got through"
            broken = Break(reason: DeliveryError(.refused, message: message))
            return
        }
        retry = loop.schedule(at: loop.now.advanced(by: backoff.next())) { [weak self] in self?.sendAgain() }
    }

    private func sendAgain() {
        isRepairing = false
        for index in entries.indices {
            entries[index].state = .underWay
            produce(entries[index].record, number: first + index)
        }
    }
}

// MARK: Waiting

extension StreamDelivery {
    /// Suspends while too much is on its way, at most until `deadline`. Throws when the stream is broken; a cancelled task
    /// goes on at once.
    func untilRoom(deadline: Instant) async throws(Break) {
        while !hasRoom, broken == nil, !Task.isCancelled, loop.now < deadline {
            let timer = loop.schedule(at: deadline) { [weak self] in self?.wake() }
            await untilWoken()
            timer.cancel()
        }
        if let broken { throw broken }
    }

    /// Suspends until all records are acknowledged or the stream is broken and nothing is under way.
    func untilSettled() async throws(CancellationError) {
        while !(isSettled || (broken != nil && underWay == 0)) {
            guard !Task.isCancelled else { throw CancellationError() }
            await untilWoken()
        }
    }

    private func untilWoken() async {
        await withTaskCancellationHandler {
            // Unsafe only in that nobody checks that it is resumed once: `wake` gives it away once.
            await withUnsafeContinuation { waiter = $0 }
        } onCancel: {
            EventLoop.shared.post { self.wake() }
        }
    }

    private func wake() { waiter.take()?.resume() }
}

import ChatCompletions
import EventLoop
import HTTP
import ProviderAPI

/// One answer of ConverseStream, read while it comes.
@RequestPath
final class BedrockStream: ChatStream {
    let head: ChatStreamHead
    private let response: HTTPStream
    private var decoder = EventStreamDecoder()
    private var reader: ConverseStreamReader
    private let onEnd: @RequestPath (ConverseStreamReader) -> Void
    /// Read, and not given yet.
    private var pieces: [ChatDelta] = []
    /// Comes after the pieces that were read before it.
    private var failure: ProviderError?
    private var hasGivenPieces = false
    private(set) var conclusion: ChatConclusion?

    /// `onEnd` is called when the answer is complete.
    init(
        _ response: HTTPStream, _ head: ChatStreamHead, _ form: AnswerForm,
        onEnd: @escaping @RequestPath (ConverseStreamReader) -> Void
    ) {
        self.response = response
        self.head = head
        self.onEnd = onEnd
        reader = ConverseStreamReader(form: form)
    }

    var isPausable: Bool { response.isPausable }

    func next() async throws(ProviderError) -> [ChatDelta]? {
        while true {
            if let deltas = takePieces() { return deltas }
            if let failure { throw failure }
            if conclusion != nil { return nil }
            do throws(HTTPError) {
                read(try await response.next())
            } catch {
                fail(BedrockErrors.providerError(error))
            }
        }
    }

    // Not part of `next`, whose frame lives as long as a wait.

    @inline(never)
    private func takePieces() -> [ChatDelta]? {
        guard !pieces.isEmpty else { return nil }
        hasGivenPieces = true
        defer { pieces = [] }
        return pieces
    }

    /// Reads what has come; nil at the end.
    @inline(never)
    private func read(_ bytes: [UInt8]?) {
        do throws(ProviderError) {
            if let bytes { decoder.append(bytes) }
            while let message = try nextMessage() { try read(message, into: &pieces) }
            guard bytes == nil else { return }
            try checkEnd()
            conclusion = try conclude()
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: ProviderError) {
        response.cancel()
        failure = error
        // Pieces that nobody has seen are better lost: the whole request can still be tried elsewhere.
        if !hasGivenPieces { pieces = [] }
    }

    private func nextMessage() throws(ProviderError) -> EventStreamMessage? {
        do throws(EventStreamError) { return try decoder.next() } catch { throw malformed(error.rawValue) }
    }

    private func checkEnd() throws(ProviderError) {
        do throws(EventStreamError) { try decoder.finish() } catch { throw malformed(error.rawValue) }
    }

    private func read(_ message: EventStreamMessage, into deltas: inout [ChatDelta]) throws(ProviderError) {
        do throws(ConverseStreamReader.Failure) {
            try reader.read(message, into: &deltas)
        } catch {
            switch error {
            case .malformed(let why): throw malformed(why)
            case .exception(var exception):
                exception.requestID = requestID
                throw BedrockErrors.providerError(exception)
            }
        }
    }

    private func conclude() throws(ProviderError) -> ChatConclusion {
        guard let conclusion = reader.conclusion else { throw malformed("it ends before it is complete") }
        onEnd(reader)
        return conclusion
    }

    private func malformed(_ why: String) -> ProviderError {
        BedrockErrors.malformedAnswer(why, requestID: requestID)
    }

    private var requestID: String? { response.headers["x-amzn-requestid"] }
}

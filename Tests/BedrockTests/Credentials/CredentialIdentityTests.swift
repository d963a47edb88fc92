import EventLoop
import Logging
import Redaction
import TestSupport
import Testing
import Time

@testable import Bedrock

/// One identity with a source that answers by a script; the clock is moved by hand.
@RequestPath
@Suite struct CredentialIdentityTests {
    private let time = ManualTime()
    private let source = ScriptedSource()

    /// Gives what it is told to, once it is told to.
    @RequestPath
    private final class ScriptedSource {
        var answers: [Result<FetchedCredentials, CredentialFailure>] = []
        var calls = 0
        /// Flights that wait for `release`.
        var isHeld = false
        private var held: [UnsafeContinuation<Void, Never>] = []

        func fetch() async throws(CredentialFailure) -> FetchedCredentials {
            calls += 1
            if isHeld { await withUnsafeContinuation { held.append($0) } }
            return try answers.count > 1 ? answers.removeFirst().get() : answers[0].get()
        }

        func release() {
            isHeld = false
            for continuation in held { continuation.resume() }
            held = []
        }
    }

    private func keys(_ id: String, for lifetime: Duration? = .seconds(3600)) -> FetchedCredentials {
        FetchedCredentials(
            credentials: Credentials(accessKeyID: id, secretAccessKey: Secret("s")),
            expiration: lifetime.map { time.now.advanced(by: $0) })
    }

    private func identity() -> CredentialIdentity {
        let source = source
        return CredentialIdentity(
            name: "test", isRefreshable: true, time: time, logger: Logger(level: .error, format: .json) { _ in }
        ) { () async throws(CredentialFailure) in try await source.fetch() }
    }

    /// Lets everything that is ready on the loop run.
    private func settle() async { for _ in 0..<20 { await Task.yield() } }

    @Test func `many requests share one flight`() async throws {
        source.answers = [.success(keys("A"))]
        source.isHeld = true
        let identity = identity()
        let requests = (0..<50).map { _ in
            Task { @RequestPath in try await identity.credentials(within: .seconds(30)).credentials.accessKeyID }
        }
        await settle()
        source.release()
        for request in requests { #expect(try await request.value == "A") }
        #expect(source.calls == 1)
        #expect(identity.ready()?.accessKeyID == "A")
    }

    @Test func `in the advisory window the old keys serve while new ones are fetched`() async throws {
        source.answers = [.success(keys("A"))]
        let identity = identity()
        _ = try await identity.credentials(within: .seconds(30))
        time.advance(by: .seconds(3600 - 13 * 60))
        source.answers = [.success(keys("B"))]
        source.isHeld = true

        #expect(try await identity.credentials(within: .seconds(30)).credentials.accessKeyID == "A")
        await settle()
        source.release()
        await settle()

        #expect(identity.ready()?.accessKeyID == "B")
        #expect(source.calls == 2)
    }

    @Test func `in the mandatory window requests wait for the new keys`() async throws {
        source.answers = [.success(keys("A"))]
        let identity = identity()
        _ = try await identity.credentials(within: .seconds(30))
        time.advance(by: .seconds(3600 - 9 * 60))
        source.answers = [.success(keys("B"))]

        #expect(try await identity.credentials(within: .seconds(30)).credentials.accessKeyID == "B")
    }

    @Test func `old keys serve until they expire when refreshes fail, and failures are spaced`() async throws {
        source.answers = [.success(keys("A"))]
        let identity = identity()
        _ = try await identity.credentials(within: .seconds(30))
        source.answers = [.failure(CredentialFailure(.unavailable, "down"))]
        time.advance(by: .seconds(3600 - 9 * 60))

        for _ in 0..<5 {
            #expect(try await identity.credentials(within: .seconds(30)).credentials.accessKeyID == "A")
        }
        #expect(source.calls == 2)

        time.advance(by: .seconds(9 * 60))
        let failure = await #expect(throws: CredentialFailure.self) {
            _ = try await identity.credentials(within: .seconds(30))
        }
        #expect(failure?.kind == .unavailable)
        #expect(source.calls == 3)
    }

    @Test func `a request waits no longer than it may`() async {
        source.answers = [.success(keys("A"))]
        source.isHeld = true
        let identity = identity()
        let failure = await #expect(throws: CredentialFailure.self) {
            _ = try await identity.credentials(within: .milliseconds(5))
        }
        #expect(failure?.kind == .timeout)
        source.release()
    }

    @Test func `a cancelled request stops waiting, and the flight goes on`() async {
        source.answers = [.success(keys("A"))]
        source.isHeld = true
        let identity = identity()
        let request = Task { @RequestPath in try await identity.credentials(within: .seconds(600)) }
        await settle()
        request.cancel()
        let failure = await #expect(throws: CredentialFailure.self) { _ = try await request.value }
        #expect(failure?.kind == .cancelled)
        source.release()
        await settle()
        #expect(identity.ready()?.accessKeyID == "A")
    }

    @Test func `refused keys are replaced once for all who had them`() async throws {
        source.answers = [.success(keys("A")), .success(keys("B"))]
        let identity = identity()
        let old = try await identity.credentials(within: .seconds(30)).credentials

        #expect(await identity.replace(old, within: .seconds(30)))
        #expect(await identity.replace(old, within: .seconds(30)))
        #expect(identity.ready()?.accessKeyID == "B")
        #expect(source.calls == 2)
    }

    @Test func `a source that keeps giving refused keys is not asked for each request`() async throws {
        source.answers = [.success(keys("A"))]
        let identity = identity()
        let old = try await identity.credentials(within: .seconds(30)).credentials
        for _ in 0..<5 { #expect(await !identity.replace(old, within: .seconds(30))) }
        #expect(source.calls == 2)
    }

    @Test func `keys that come expired are a failure`() async {
        source.answers = [.success(keys("A", for: .zero))]
        let identity = identity()
        let failure = await #expect(throws: CredentialFailure.self) {
            _ = try await identity.credentials(within: .seconds(30))
        }
        #expect(failure?.kind == .unavailable)
    }
}

import EventLoop
import Logging
import Time

/// The keys of one identity, shared by all deployments that have it, and their one refresh at a time.
///
/// Refreshes run by timer, off the request path: a request waits only while there are no usable keys, or shortly before
/// the old ones expire. Keys serve until their real expiry if refreshes fail.
@RequestPath
final class CredentialIdentity {
    typealias Fetch = @RequestPath () async throws(CredentialFailure) -> FetchedCredentials

    /// How long a request waits for a refresh while it could still use the old keys.
    private static let patience = Duration.seconds(5)
    /// Keys that were refused although just fetched are not fetched again before this.
    private static let fruitlessPause = Duration.seconds(10)

    private let name: String
    private let isRefreshable: Bool
    private let time: any TimeSource
    private let logger: Logger
    private let fetch: Fetch

    private(set) var current: FetchedCredentials?
    private var schedule = RefreshSchedule(expiration: nil, fetched: Instant(nanoseconds: 0), jitter: 0)
    private var flight: Task<Void, Never>?
    private var waiters: [FlightWaiter] = []
    private var failure: CredentialFailure?
    private var failures = 0
    /// No flight starts before this.
    private var notBefore = Instant(nanoseconds: 0)
    private var timer: LoopTimer?
    private(set) var refreshes = 0

    init(
        name: String, isRefreshable: Bool, current: FetchedCredentials? = nil, time: any TimeSource, logger: Logger,
        fetch: @escaping Fetch
    ) {
        self.name = name
        self.isRefreshable = isRefreshable
        self.current = current
        self.time = time
        self.logger = logger
        self.fetch = fetch
    }

    isolated deinit { timer?.cancel() }

    /// Keys to use at once; nil: `credentials` has to be waited for.
    func ready() -> Credentials? {
        guard let current, schedule.phase(at: time.now) == .fresh else { return nil }
        return current.credentials
    }

    func credentials(within timeout: Duration) async throws(CredentialFailure) -> FetchedCredentials {
        if let current {
            switch schedule.phase(at: time.now) {
            case .fresh: return current
            case .advisory:
                startFlight()
                return current
            case .mandatory: await fly(within: min(timeout, Self.patience))
            case .expired: await fly(within: timeout)
            }
        } else {
            await fly(within: timeout)
        }
        if let current, schedule.phase(at: time.now) != .expired { return current }
        if Task.isCancelled { throw CredentialFailure(.cancelled, "the request was given up") }
        if flight == nil, let failure { throw failure }
        guard isRefreshable else { throw CredentialFailure(.missing, "no credentials are configured") }
        throw CredentialFailure(.timeout, "\(name): no credentials arrived in time")
    }

    /// Fetches keys to replace `rejected`, which the service has refused. Whether there are others now.
    func replace(_ rejected: Credentials, within timeout: Duration) async -> Bool {
        guard isRefreshable else { return false }
        if let current, current.credentials != rejected { return true }
        await fly(within: timeout)
        guard let current, current.credentials != rejected else {
            // Waiting would not help the next request either.
            if flight == nil { notBefore = max(notBefore, time.now.advanced(by: Self.fruitlessPause)) }
            return false
        }
        return true
    }

    /// Fetches in the background, unless that is under way or has just failed.
    func startFlight() {
        guard isRefreshable, flight == nil, time.now >= notBefore else { return }
        timer?.cancel()
        flight = Task { @RequestPath in
            do throws(CredentialFailure) {
                let fetched = try await fetch()
                try checkExpiry(of: fetched)
                succeeded(with: fetched)
            } catch {
                failed(with: error)
            }
            flight = nil
            let waiters = waiters
            self.waiters = []
            for waiter in waiters { waiter.end() }
        }
    }

    private func fly(within timeout: Duration) async {
        startFlight()
        guard flight != nil, timeout > .zero else { return }
        let waiter = FlightWaiter()
        waiters.append(waiter)
        await waiter.wait(for: timeout)
        waiters.removeAll { $0 === waiter }
    }

    private func checkExpiry(of fetched: FetchedCredentials) throws(CredentialFailure) {
        guard let expiration = fetched.expiration, expiration <= time.now else { return }
        throw CredentialFailure(.unavailable, "\(name): the keys that came have expired already")
    }

    private func succeeded(with fetched: FetchedCredentials) {
        current = fetched
        refreshes += 1
        failure = nil
        failures = 0
        schedule = RefreshSchedule(
            expiration: fetched.expiration, fetched: time.now, jitter: Double.random(in: -1...1))
        notBefore = time.now
        logger.info("credentials fetched", ["source": .string(name)])
        if let refreshAt = schedule.refreshAt { startFlight(in: refreshAt.since(time.now)) }
    }

    private func failed(with failure: CredentialFailure) {
        self.failure = failure
        failures += 1
        let delay = RefreshSchedule.retryDelay(failures: failures)
        notBefore = time.now.advanced(by: delay)
        logger.warning(
            "credentials not fetched",
            ["source": .string(name), "error": .string(failure.message), "retry_s": .double(delay.inSeconds)])
        startFlight(in: delay)
    }

    private func startFlight(in delay: Duration) {
        let loop = EventLoop.shared
        timer?.cancel()
        timer = loop.schedule(at: loop.now.advanced(by: max(delay, .seconds(1)))) { [weak self] in self?.startFlight() }
    }
}

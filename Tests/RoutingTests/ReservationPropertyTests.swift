import ChatCompletions
import Routing
import TestSupport
import Testing
import Time

/// 500 concurrent requests in random schedules: limits hold exactly, whatever ends when.
@Suite struct ReservationPropertyTests {
    /// One schedule: 500 requests want in from the start and are let in first come, first served, as the pipeline does
    /// it; calls end at random moments and in random ways.
    private struct Schedule {
        var router: Router
        var random: SeededGenerator
        var now = Instant(unixMilliseconds: 1_767_607_200_000)
        var unborn = 500
        var held: (session: RouteSession, estimate: Int)?
        var running: [(session: RouteSession, estimate: Int)] = []
        var sent: [Int64: Int] = [:]
        var tokens: [Int64: Int] = [:]
        /// By how much answers so far used more than was estimated.
        var estimationError = 0
        let errorBound: Int

        init(seed: UInt64, rpm: Int, tpm: Int, errorBound: Int, strategy: RoutingStrategyName) {
            random = SeededGenerator(seed: seed)
            self.errorBound = errorBound
            var settings = RouterSettings()
            settings.strategy = strategy
            settings.numRetries = 0
            settings.disableCooldowns = true
            let only = deployment("d1") { $0.limits = .init(requestsPerMinute: rpm, tokensPerMinute: tpm) }
            router = Router(settings: settings, deployments: [only], chooser: SeededChooser(seed: seed))
        }

        var minute: Int64 { now.nanoseconds / 60_000_000_000 }

        /// Lets in as many as the router takes.
        mutating func letIn() {
            while var next = held ?? birth() {
                held = nil
                switch router.nextStep(of: &next.session, now: now) {
                case .call:
                    sent[minute, default: 0] += 1
                    running.append(next)
                case .hold:
                    held = next
                    return
                case .sleep, .complete, .fail:
                    Issue.record("a request that only lacks room was not held")
                    return
                }
            }
        }

        private mutating func birth() -> (session: RouteSession, estimate: Int)? {
            guard unborn > 0 else { return nil }
            unborn -= 1
            var request = RoutingRequest(model: "g")
            request.messageTokens = Int.random(in: 1...20, using: &random)
            return (router.begin(request, now: now), request.messageTokens)
        }

        /// Ends one call at random: answered with about its estimate, failed, or given up.
        mutating func endOne() {
            guard !running.isEmpty else { return }
            var (session, estimate) = running.remove(at: Int.random(in: 0..<running.count, using: &random))
            let used = max(estimate + Int.random(in: -errorBound...errorBound, using: &random), 0)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: router.finish(.failure(AttemptFailure(.serviceUnavailable, status: 503)), of: &session, now: now)
            case 1: router.finish(.abandoned, of: &session, now: now)
            default:
                let usage = Usage(promptTokens: used, completionTokens: 0)
                router.finish(
                    .success(usage: usage, timeToFirstToken: nil, contentFiltered: false), of: &session, now: now)
                tokens[minute, default: 0] += used
                estimationError += max(used - estimate, 0)
            }
        }

        mutating func run(minutes: Int, check: (Schedule) -> Void = { _ in }) {
            let end = now.advanced(by: .seconds(60 * minutes))
            while now < end {
                letIn()
                for _ in 0..<Int.random(in: 0...20, using: &random) { endOne() }
                check(self)
                now = now.advanced(by: .milliseconds(Int.random(in: 500...9000, using: &random)))
            }
            while !running.isEmpty { endOne() }
        }

        var isAllGivenBack: Bool {
            let status = router.status(now: now)[0]
            return status.inFlight == 0 && status.reservedTokens == 0
        }
    }

    @Test func `rpm N admits exactly N a minute among 500 concurrent requests`() {
        for seed in 0..<1000 as Range<UInt64> {
            let rpm = Int(seed % 97) + 1
            let strategy: RoutingStrategyName = seed % 2 == 0 ? .usageBasedV2 : .costBased
            var schedule = Schedule(seed: seed, rpm: rpm, tpm: .max, errorBound: 2, strategy: strategy)
            schedule.run(minutes: 3)
            #expect(schedule.sent.values.allSatisfy { $0 == rpm }, "seed \(seed): \(schedule.sent), rpm \(rpm)")
            #expect(schedule.sent.count == 3)
            #expect(schedule.isAllGivenBack)
        }
    }

    @Test func `tpm is never exceeded by more than the estimation error`() {
        for seed in 0..<1000 as Range<UInt64> {
            let tpm = Int(seed % 301) + 40
            var schedule = Schedule(seed: seed, rpm: .max, tpm: tpm, errorBound: 2, strategy: .usageBasedV2)
            schedule.run(minutes: 3)
            let worst = schedule.tokens.values.max() ?? 0
            #expect(worst <= tpm + schedule.estimationError, "seed \(seed): \(worst), tpm \(tpm)")
            #expect(schedule.isAllGivenBack)
        }
    }

    @Test func `with exact estimates a limit is never exceeded at all`() {
        for seed in 0..<1000 as Range<UInt64> {
            var schedule = Schedule(seed: seed, rpm: 50, tpm: 400, errorBound: 0, strategy: .usageBased)
            schedule.run(minutes: 3) { schedule in
                #expect(schedule.tokens.values.allSatisfy { $0 <= 400 })
            }
            #expect(schedule.isAllGivenBack)
        }
    }
}

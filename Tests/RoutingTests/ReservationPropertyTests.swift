import ChatCompletions
import Routing
import Testing
import Time

/// 500 concurrent requests in random schedules: limits hold exactly, whatever ends when.
@Suite struct ReservationPropertyTests {
    private struct Randomness: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 29) ^ (state &* 0x9E37_79B9_7F4A_7C15)
        }
    }

    /// One schedule: all requests are there from the start, calls end at random moments and in random ways.
    private struct Schedule {
        var router: Router
        var random: Randomness
        var now = Instant(unixMilliseconds: 1_767_607_200_000)
        var waiting: [RouteSession] = []
        var running: [(session: RouteSession, estimate: Int)] = []
        var sent: [Int64: Int] = [:]
        var tokens: [Int64: Int] = [:]
        var worstOvershoot = 0
        let tokenLimit: Int

        init(seed: UInt64, requests: Int, rpm: Int, tpm: Int, strategy: RoutingStrategyName) {
            random = Randomness(state: seed)
            tokenLimit = tpm
            var settings = RouterSettings()
            settings.strategy = strategy
            settings.numRetries = 0
            let only = deployment("d1") { $0.limits = .init(requestsPerMinute: rpm, tokensPerMinute: tpm) }
            router = Router(settings: settings, deployments: [only], chooser: SeededChooser(seed: seed))
            for _ in 0..<requests {
                var request = RoutingRequest(model: "g")
                request.messageTokens = Int.random(in: 1...20, using: &random)
                waiting.append(router.begin(request, now: now))
            }
        }

        var minute: Int64 { now.nanoseconds / 60_000_000_000 }

        /// Offers every waiting request its chance, in order.
        mutating func offer() {
            var held: [RouteSession] = []
            for var session in waiting {
                let before = router.status(now: now)[0].reservedTokens
                switch router.nextStep(of: &session, now: now) {
                case .call:
                    sent[minute, default: 0] += 1
                    running.append((session, router.status(now: now)[0].reservedTokens - before))
                case .hold: held.append(session)
                case .sleep, .complete, .fail: Issue.record("a request that only lacks room was not held")
                }
            }
            waiting = held
        }

        /// Ends one call at random: answered with about its estimate, failed, or given up.
        mutating func endOne() {
            guard !running.isEmpty else { return }
            var (session, estimate) = running.remove(at: Int.random(in: 0..<running.count, using: &random))
            let used = max(estimate + Int.random(in: -2...2, using: &random), 0)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: router.finish(.fails(503), of: &session, now: now)
            case 1: router.finish(.abandoned, of: &session, now: now)
            default:
                router.finish(
                    .success(
                        usage: Usage(promptTokens: used, completionTokens: 0), timeToFirstToken: nil,
                        contentFiltered: false), of: &session, now: now)
                tokens[minute, default: 0] += used
                worstOvershoot = max(worstOvershoot, used - estimate)
            }
        }

        mutating func run(minutes: Int) {
            let end = now.advanced(by: .seconds(60 * minutes))
            while now < end {
                offer()
                for _ in 0..<Int.random(in: 0...40, using: &random) { endOne() }
                now = now.advanced(by: .milliseconds(Int.random(in: 500...9000, using: &random)))
            }
        }
    }

    @Test func `rpm N admits exactly N a minute among 500 concurrent requests`() {
        for seed in 0..<1000 as Range<UInt64> {
            let rpm = Int(seed % 97) + 1
            var schedule = Schedule(
                seed: seed, requests: 500, rpm: rpm, tpm: .max, strategy: seed % 2 == 0 ? .usageBasedV2 : .latencyBased)
            schedule.run(minutes: 3)
            let minutes = schedule.sent.keys.sorted()
            // Every minute that began with enough waiting is used to the full.
            #expect(minutes.allSatisfy { schedule.sent[$0] == rpm }, "seed \(seed): \(schedule.sent), rpm \(rpm)")
        }
    }

    @Test func `tpm is never exceeded by more than the estimation error`() {
        for seed in 0..<1000 as Range<UInt64> {
            let tpm = Int(seed % 301) + 40
            var schedule = Schedule(seed: seed, requests: 500, rpm: 1_000_000, tpm: tpm, strategy: .usageBasedV2)
            schedule.run(minutes: 3)
            let calls = schedule.sent.values.max() ?? 0
            for (minute, used) in schedule.tokens {
                // Two tokens an answer is what the estimates are wrong by.
                #expect(used <= tpm + 2 * (calls + 40), "seed \(seed), minute \(minute)")
            }
        }
    }

    @Test func `exact estimates never overshoot, and everything is given back in the end`() {
        for seed in 0..<1000 as Range<UInt64> {
            var schedule = Schedule(seed: seed, requests: 500, rpm: 50, tpm: 400, strategy: .usageBased)
            for _ in 0..<60 {
                schedule.offer()
                let status = schedule.router.status(now: schedule.now)[0]
                #expect(status.reservedTokens + status.tokensThisMinute <= 400)
                while !schedule.running.isEmpty, Bool.random(using: &schedule.random) {
                    var (session, estimate) = schedule.running.removeLast()
                    schedule.router.finish(.tokens(estimate), of: &session, now: schedule.now)
                }
                schedule.now = schedule.now.advanced(by: .milliseconds(Int.random(in: 1...5000, using: &schedule.random)))
            }
            while !schedule.running.isEmpty { schedule.endOne() }
            let status = schedule.router.status(now: schedule.now)[0]
            #expect((status.inFlight, status.reservedTokens) == (0, 0))
        }
    }
}

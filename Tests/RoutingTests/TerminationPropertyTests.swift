import ChatCompletions
import Routing
import TestSupport
import Testing
import Time

/// Random configurations, requests and answers: every request comes to an end, and no wait is one that is over already.
@Suite struct TerminationPropertyTests {
    private struct World {
        var random: SeededGenerator
        var router: Router
        var now = Instant(unixMilliseconds: 1_767_607_200_000)
        /// Calls that do not end while the request under test runs.
        var occupied: [RouteSession] = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            let deployments = Self.deployments(&random)
            router = Router(
                settings: Self.settings(&random), deployments: deployments, chooser: SeededChooser(seed: seed))
        }

        private static func deployments(_ random: inout SeededGenerator) -> [Deployment] {
            var deployments: [Deployment] = []
            for group in ["a", "b", "c"] {
                for number in 0..<Int.random(in: 1...4, using: &random) {
                    deployments.append(
                        deployment("\(group)\(number)", group) {
                            $0.order = [nil, 1, 2, 3].randomElement(using: &random) ?? nil
                            $0.isBlocked = Int.random(in: 0..<5, using: &random) == 0
                            $0.tags = [[], ["x"], ["y"], ["default"]].randomElement(using: &random) ?? []
                            $0.region = ["us-east-1", "eu-west-1"].randomElement(using: &random)
                            $0.maxInputTokens = [nil, 5, 50].randomElement(using: &random) ?? nil
                            $0.maxParallelRequests = [nil, 1, 2].randomElement(using: &random) ?? nil
                            $0.limits.requestsPerMinute = [nil, 0, 1, 3].randomElement(using: &random) ?? nil
                            $0.limits.tokensPerMinute = [nil, 8, 60].randomElement(using: &random) ?? nil
                            $0.cooldownTime = [nil, .zero, .seconds(3)].randomElement(using: &random) ?? nil
                        })
                }
            }
            return deployments
        }

        private static func settings(_ random: inout SeededGenerator) -> RouterSettings {
            var settings = RouterSettings()
            settings.strategy = RoutingStrategyName.allCases.randomElement(using: &random) ?? .simpleShuffle
            settings.onCapacityExhausted = Bool.random(using: &random) ? .wait : .reject
            settings.enableWeightedFailover = Bool.random(using: &random)
            settings.enablePreCallChecks = Bool.random(using: &random)
            settings.enforceModelRateLimits = Bool.random(using: &random)
            settings.enableTagFiltering = Bool.random(using: &random)
            settings.numRetries = Int.random(in: 0...2, using: &random)
            settings.allowedFails = [nil, 1].randomElement(using: &random) ?? nil
            settings.fallbacks = lists(["a": ["b", "c"], "b": ["a"], "*": ["c"]])
            if Bool.random(using: &random) { settings.contextWindowFallbacks = lists(["a": ["c"]]) }
            return settings
        }

        mutating func request() -> RoutingRequest {
            var request = RoutingRequest(model: ["a", "b", "c", "a0"].randomElement(using: &random) ?? "a")
            request.messageTokens = Int.random(in: 1...20, using: &random)
            request.inputTokens = request.messageTokens
            request.tags = [[], ["x"], ["z"]].randomElement(using: &random) ?? []
            request.allowedModelRegion = [nil, "eu"].randomElement(using: &random) ?? nil
            request.disableFallbacks = Int.random(in: 0..<4, using: &random) == 0
            return request
        }

        private mutating func outcome() -> AttemptOutcome {
            [.ok, .fails(429), .fails(500), .fails(401), .fails(400), .tooLong].randomElement(using: &random) ?? .ok
        }

        /// Runs one request, giving up after ten waits, and says what went wrong.
        mutating func serve(_ request: RoutingRequest) -> String? {
            var session = router.begin(request, now: now)
            var (waits, calls) = (0, 0)
            // The first wait after other hops may be over by the time it is handed out, but then all has been asked.
            var hasAsked = false
            // 12 deployments, three tries each, at most one hop for each order and group.
            while calls < 150 {
                switch router.nextStep(of: &session, now: now) {
                case .call:
                    calls += 1
                    hasAsked = false
                    if Int.random(in: 0..<8, using: &random) == 0 {
                        occupied.append(session)
                        return nil
                    }
                    now = now.advanced(by: .milliseconds(100))
                    router.finish(outcome(), of: &session, now: now)
                case .sleep(let pause):
                    now = now.advanced(by: pause)
                    hasAsked = false
                case .hold(let until, let places):
                    if places.isEmpty { return "a wait for nothing" }
                    if let until, until <= now, hasAsked { return "a wait that is over" }
                    hasAsked = true
                    waits += 1
                    if waits == 10 { return nil }
                    if let until, Bool.random(using: &random) {
                        now = max(until, now)
                    } else if var call = occupied.popLast() {
                        router.finish(outcome(), of: &call, now: now)
                    }
                case .complete, .fail: return nil
                }
            }
            return "no end after \(calls) calls"
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: 0..<400)
    func `every request comes to an end`(seed: Int) {
        var world = World(seed: UInt64(seed))
        for number in 0..<40 {
            let request = world.request()
            let problem = world.serve(request)
            #expect(problem == nil, "request \(number): \(request)")
            world.now = world.now.advanced(by: .milliseconds(Int.random(in: 0...9000, using: &world.random)))
        }
    }
}

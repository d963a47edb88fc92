import Routing
import Testing

@Suite struct FilterTests {
    @Test func `a prompt too long for one deployment goes to another, for all of them it is a context-window error`() {
        var bench = Bench([deployment("small") { $0.maxInputTokens = 20 }, deployment("big")]) {
            $0.enablePreCallChecks = true
        }
        var request = RoutingRequest(model: "g")
        request.inputTokens = 68
        #expect(bench.shares(request) == ["big": 1])
        bench = Bench([deployment("small") { $0.maxInputTokens = 20 }, deployment("c1", "c")]) {
            $0.enablePreCallChecks = true
            $0.contextWindowFallbacks = lists(["g": ["c"]])
        }
        #expect(bench.serve(request).calls == ["c1"])
        request.disableFallbacks = true
        #expect(bench.serve(request).end == "400 contextWindow")
    }

    @Test func `pre-call checks enforce rpm under any strategy, on a minute from the first call, and tpm`() {
        var bench = Bench([deployment("d1") { $0.limits.requestsPerMinute = 2 }]) { $0.enablePreCallChecks = true }
        bench.advance(30)
        for _ in 0..<2 { #expect(bench.serve("g").end == "ok") }
        bench.advance(35)
        #expect(bench.serve("g").end == "429 rateLimit after 25")
        bench.advance(25)
        #expect(bench.serve("g").end == "ok")

        var request = RoutingRequest(model: "g")
        request.messageTokens = 30
        var tokens = Bench([deployment("d1") { $0.limits.tokensPerMinute = 40 }]) { $0.enablePreCallChecks = true }
        #expect(tokens.serve(request, ["d1": [.tokens(30)]]).end == "ok")
        #expect(tokens.serve(request).end == "429 rateLimit after 60")
    }

    @Test func `without the checks nothing is dropped`() {
        var bench = Bench([
            deployment("d1") {
                $0.maxInputTokens = 1
                $0.limits.requestsPerMinute = 0
            }
        ])
        var request = RoutingRequest(model: "g")
        request.inputTokens = 68
        #expect(bench.serve(request).end == "ok")
    }

    @Test func `a region is a region name, or the start of the AWS region`() {
        let deployments = [
            deployment("named") { $0.regionName = "eu" }, deployment("eu") { $0.region = "eu-west-1" },
            deployment("us"),
        ]
        let bench = Bench(deployments) { $0.enablePreCallChecks = true }
        var request = RoutingRequest(model: "g")
        request.allowedModelRegion = "eu"
        #expect(bench.shares(request) == ["eu": 0.5, "named": 0.5])
        request.allowedModelRegion = "us-east-1"
        #expect(bench.shares(request) == ["us": 1])
    }

    @Test func `a response format drops deployments that cannot hold to one`() {
        let deployments = [deployment("d1") { $0.supportsResponseSchema = false }, deployment("d2")]
        let bench = Bench(deployments) { $0.enablePreCallChecks = true }
        var request = RoutingRequest(model: "g")
        request.requiresResponseSchema = true
        #expect(bench.shares(request) == ["d2": 1])
    }

    @Test func `a blocked deployment is never used`() {
        var bench = Bench([deployment("d1") { $0.isBlocked = true }])
        #expect(bench.serve("g").end == "429 noDeployments")
    }

    @Test func `a provider that has spent its budget is passed over until the period ends`() {
        let priced = deployment("d1") { $0.prices = .init(input: 0.01, output: 0.01) }
        var bench = Bench([priced]) {
            $0.providerBudgets = ["bedrock": .init(limit: 0.5, period: .seconds(86_400))]
        }
        #expect(bench.serve("g", ["d1": [.tokens(100)]]).end == "ok")
        #expect(bench.serve("g").end == "429 budget after 86400")
        bench.advance(86_400)
        #expect(bench.serve("g").end == "ok")
    }

    @Test func `a wildcard's models cost what they cost`() {
        let wildcard = deployment("d1", "any/*") {
            ($0.model, $0.modelID) = ("bedrock/*", "*")
            $0.lookUpPrices = { $0 == "x.dear" ? .init(input: 1, output: 1) : nil }
        }
        var bench = Bench([wildcard]) {
            $0.providerBudgets = ["bedrock": .init(limit: 0.5, period: .seconds(60))]
        }
        #expect(bench.serve("any/x.unknown").end == "ok")
        #expect(bench.serve("any/x.dear").end == "ok")
        #expect(bench.serve("any/x.unknown").end == "429 budget after 60")
    }

    @Test func `a budget of zero allows nothing`() {
        var bench = Bench([deployment("d1") { $0.prices = .init(input: 0.01, output: 0.01) }]) {
            $0.providerBudgets = ["bedrock": .init(limit: 0, period: .seconds(60))]
        }
        #expect(bench.serve("g").end == "429 budget")
        bench.advance(61)
        #expect(bench.serve("g").end == "429 budget")
    }

    @Test(arguments: [
        (["free"], true, ["free"]), ([], true, ["def"]), (["zzz"], true, ["def"]), (["a", "b"], false, ["ab"]),
        (["a"], false, ["a", "ab"]), (["!a", "&free"], true, ["free"]), (["t-42"], true, ["free"]),
    ])
    func `tags choose among tagged deployments`(tags: [String], matchAny: Bool, expected: [String]) {
        let deployments = [
            deployment("free") {
                $0.tags = ["free"]
                $0.tagPatterns = ["t-[0-9]+"]
            },
            deployment("ab") { $0.tags = ["a", "b"] }, deployment("a") { $0.tags = ["a"] },
            deployment("def") { $0.tags = ["default"] },
        ]
        let bench = Bench(deployments) {
            $0.enableTagFiltering = true
            $0.tagFilteringMatchAny = matchAny
        }
        var request = RoutingRequest(model: "g")
        request.tags = tags
        #expect(bench.shares(request).keys.sorted() == expected)
    }

    @Test func `no deployment for the tags is a 401, also when the tagged one is only away`() {
        var bench = Bench([deployment("d1") { $0.tags = ["x"] }, deployment("d2") { $0.tags = ["default"] }]) {
            $0.enableTagFiltering = true
            $0.numRetries = 0
        }
        var request = RoutingRequest(model: "g")
        request.tags = ["x"]
        _ = bench.serve(request, ["d1": [.fails(429)]])
        #expect(bench.serve(request).end == "401 tags")
    }
}

import Routing
import Testing

@Suite struct RetryPolicyTests {
    private static let two = [deployment("d1"), deployment("d2")]
    private static let one = [deployment("d1")]

    @Test(arguments: [
        (400, 1), (404, 1), (422, 1), (401, 1), (403, 1), (429, 3), (408, 3), (500, 3), (503, 3), (504, 3),
    ])
    func `a group of one retries what may pass, after a back-off`(status: Int, attempts: Int) {
        var bench = Bench(Self.one)
        let story = bench.serve("g", ["*": [.fails(status)]])
        #expect(story.calls.count == attempts)
        #expect(story.sleeps == (attempts == 3 ? [.milliseconds(500), .seconds(1)] : []))
    }

    @Test(arguments: [(400, 1), (404, 1), (422, 1), (401, 2), (403, 3), (429, 2), (408, 3), (503, 3)])
    func `a group of two retries at once`(status: Int, attempts: Int) {
        var bench = Bench(Self.two)
        let story = bench.serve("g", ["*": [.fails(status)]])
        #expect(story.calls.count == attempts)
        #expect(story.sleeps.isEmpty)
    }

    @Test func `the back-off doubles up to eight seconds, and none follows the last attempt`() {
        var bench = Bench(Self.one) { $0.numRetries = 6 }
        let story = bench.serve("g", ["*": [.fails(503)]])
        #expect(story.sleeps == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(8)])
    }

    @Test func `retry_after is the least back-off, and jitter comes on top`() {
        var bench = Bench(Self.one) { $0.retryAfter = .seconds(3) }
        bench.chooser.jitter = .milliseconds(250)
        let story = bench.serve("g", ["*": [.fails(503)]])
        #expect(story.sleeps == [.milliseconds(3250), .milliseconds(3250)])
    }

    @Test(arguments: [(7.0, 7.0), (60.0, 60.0), (61.0, 0.5), (0.0, 0.5)])
    func `an answer's retry-after counts from 1 to 60 seconds`(told: Double, pause: Double) {
        var bench = Bench(Self.one) { $0.numRetries = 1 }
        let story = bench.serve("g", ["*": [.fails(429, retryAfter: told), .ok]])
        #expect(story.sleeps == [.seconds(pause)])
        #expect(story.end == "ok")
        #expect(story.retries == 1)
    }

    @Test func `retry-after is obeyed among deployments of one quota only`() {
        var shared = Bench([deployment("d1") { $0.modelID = "m" }, deployment("d2") { $0.modelID = "m" }])
        #expect(shared.serve("g", ["*": [.fails(503, retryAfter: 20)]]).sleeps == [.seconds(20), .seconds(20)])
        var apart = Bench(Self.two)
        #expect(apart.serve("g", ["*": [.fails(503, retryAfter: 20)]]).sleeps.isEmpty)
    }

    @Test func `the request's num_retries beats the deployment's, which beats the router's`() {
        let deployments = [deployment("d1") { $0.numRetries = 1 }]
        var bench = Bench(deployments) { $0.numRetries = 4 }
        #expect(bench.serve("g", ["*": [.fails(500)]]).calls.count == 2)
        var request = RoutingRequest(model: "g")
        request.numRetries = 3
        #expect(bench.serve(request, ["*": [.fails(500)]]).calls.count == 4)
        request.numRetries = 0
        #expect(bench.serve(request, ["*": [.fails(500)]]).calls.count == 1)
    }

    @Test func `a retry policy replaces the number and the test`() {
        var bench = Bench(Self.two) {
            $0.disableCooldowns = true
            $0.retryPolicy = FailurePolicy(counts: [.badRequest: 2, .timeout: 0], defaultCount: 1)
            $0.modelGroupRetryPolicy = ["g": FailurePolicy(counts: [.badRequest: 3, .timeout: 0], defaultCount: 1)]
        }
        #expect(bench.serve("g", ["*": [.fails(400)]]).calls.count == 4)
        #expect(bench.serve("g", ["*": [.fails(408)]]).calls.count == 1)
        #expect(bench.serve("g", ["*": [.fails(503)]]).calls.count == 2)
    }

    @Test func `a context-window error counts as a bad request where the policy names only that`() {
        var bench = Bench(Self.two) { $0.retryPolicy = FailurePolicy(counts: [.badRequest: 1]) }
        #expect(bench.serve("g", ["*": [.tooLong]]).calls.count == 2)
    }

    @Test func `each failure decides anew whether to go on`() {
        var bench = Bench(Self.one) { $0.numRetries = 5 }
        let story = bench.serve("g", ["*": [.fails(503), .fails(400)]])
        #expect(story.calls.count == 2)
        #expect(story.end == "400 of 1")
    }

    @Test func `a deployment that refused for good is avoided while there are others`() {
        var bench = Bench(Self.two)
        bench.want("d1", "d1", "d1")
        #expect(bench.serve("g", ["*": [.fails(403)]]).calls.prefix(2) == ["d1", "d2"])
    }

    @Test func `num_retries_per_request ends the whole request with the last upstream error`() {
        var bench = Bench(Self.two + [deployment("b1", "b")]) {
            $0.numRetries = 5
            $0.numRetriesPerRequest = 2
            $0.fallbacks = lists(["g": ["b"]])
        }
        let story = bench.serve("g", ["*": [.fails(503)]])
        #expect(story.calls.count == 2)
        #expect(story.end == "503 of 1")
    }

    @Test func `the provider may call a fault retryable against its status`() {
        var bench = Bench(Self.two)
        let fault = AttemptFailure(.badRequest, status: 424, isRetryable: true)
        #expect(bench.serve("g", ["*": [.failure(fault), .ok]]).end == "ok")
    }

    @Test func `once no deployment is left the fallback runs`() {
        var bench = Bench(Self.two + [deployment("f1", "f")]) {
            $0.numRetries = 4
            $0.fallbacks = lists(["g": ["f"]])
        }
        let story = bench.serve("g", ["d1": [.fails(429)], "d2": [.fails(429)]])
        #expect(story.calls == ["d1", "d2", "f1"])
    }
}

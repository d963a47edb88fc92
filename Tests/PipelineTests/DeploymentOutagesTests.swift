import Routing
import Testing
import Time

@testable import Pipeline

@Suite struct DeploymentOutagesTests {
    private let start = Instant(nanoseconds: 0)
    private let first = DeploymentID("first")
    private let second = DeploymentID("second")

    @Test func `the first failure is told and so is the answer that ends the outage`() {
        var outages = DeploymentOutages()

        let told = [first, first, second].map { outages.noteFailure(of: $0, now: start) }
        let ended = [first, first].map { outages.noteAnswer(of: $0) }

        #expect(told == [true, false, true])
        #expect(ended == [2, nil])
    }

    @Test func `a deployment that fails now and then is told of every ten seconds at most`() {
        var outages = DeploymentOutages()
        _ = outages.noteFailure(of: first, now: start)
        _ = outages.noteAnswer(of: first)

        let soon = outages.noteFailure(of: first, now: start.advanced(by: .seconds(9)))
        let ended = outages.noteAnswer(of: first)
        let later = outages.noteFailure(of: first, now: start.advanced(by: .seconds(10)))

        #expect(!soon)
        #expect(ended == nil)
        #expect(later)
    }

    @Test(arguments: [(200, false), (400, false), (401, true), (404, true), (408, true), (429, false), (503, true)])
    func `what is wrong with a request is no outage`(status: Int, isOutage: Bool) {
        #expect(DeploymentOutages.isOutage(status: status) == isOutage)
    }
}

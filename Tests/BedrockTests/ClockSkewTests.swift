import Testing
import Time

@testable import Bedrock

@Suite struct ClockSkewTests {
    /// Two hours before the answers' date.
    private let now: Instant
    private let date = "Date: Fri, 02 Jan 2026 05:04:05 GMT"

    init() throws { now = try Instant(signingTime: "20260102T030405Z") }

    private func refusal(_ code: String, status: Int = 403, message: String = "m", date: String? = nil) -> ServiceError
    {
        let headers = ["x-amzn-errortype: \(code)", date ?? self.date]
        let body = #"{"message":"\#(message)"}"#
        return ServiceError(BedrockErrorsTests.response(status, headers: headers, body: body), now: now)
    }

    @Test(arguments: ["RequestTimeTooSkewed", "RequestExpired", "InvalidSignatureException", "SignatureDoesNotMatch"])
    func `a refused signature from a clock far off corrects ours for that host`(_ code: String) {
        var skew = ClockSkew()

        #expect(skew.correct(for: refusal(code), from: "a", now: now) == .seconds(7200))

        #expect(skew.time(at: "a", now: now) == now.advanced(by: .seconds(7200)))
        #expect(skew.time(at: "b", now: now) == now)
    }

    @Test func `an authorization failure counts when it speaks of time`() {
        var skew = ClockSkew()
        #expect(skew.correct(for: refusal("AuthFailure", message: "bad key"), from: "a", now: now) == nil)
        #expect(skew.correct(for: refusal("AuthFailure", message: "Request has Expired"), from: "a", now: now) != nil)
    }

    @Test func `other errors, close clocks and answers without a date change nothing`() {
        var skew = ClockSkew()
        let near = "Date: Fri, 02 Jan 2026 03:08:05 GMT"
        #expect(skew.correct(for: refusal("AccessDeniedException"), from: "a", now: now) == nil)
        #expect(skew.correct(for: refusal("InvalidSignatureException", status: 400), from: "a", now: now) == nil)
        #expect(skew.correct(for: refusal("InvalidSignatureException", date: near), from: "a", now: now) == nil)
        #expect(skew.correct(for: refusal("InvalidSignatureException", date: "X: y"), from: "a", now: now) == nil)
        #expect(skew.time(at: "a", now: now) == now)
    }

    @Test func `a host that refuses the corrected time too gives no second reason`() {
        var skew = ClockSkew()
        #expect(skew.correct(for: refusal("RequestTimeTooSkewed"), from: "a", now: now) != nil)
        #expect(skew.correct(for: refusal("RequestTimeTooSkewed"), from: "a", now: now) == nil)
    }

    @Test func `a clock of ours that is ahead is corrected as well`() {
        var skew = ClockSkew()
        let past = "Date: Fri, 02 Jan 2026 02:04:05 GMT"
        #expect(skew.correct(for: refusal("RequestTimeTooSkewed", date: past), from: "a", now: now) == .seconds(-3600))
    }
}

import Routing

extension ValueType<FailurePolicy> {
    /// `retry_policy`: `RateLimitErrorRetries: 3`, ..., `DefaultRetries: 1`.
    static var retryPolicy: Self {
        section { section in
            var policy = FailurePolicy()
            for (name, failure) in common + [
                ("ServiceUnavailableError", .serviceUnavailable), ("NotFoundError", .notFound),
            ] {
                section.read("\(name)Retries", .retries, into: &policy.counts[failure])
            }
            section.read("DefaultRetries", .retries, into: &policy.defaultCount)
            section.finish(unknownKeys: .areWarnings)
            return policy
        }
    }

    /// `allowed_fails_policy`: `RateLimitErrorAllowedFails: 100`, ...
    static var allowedFailsPolicy: Self {
        section { section in
            var policy = FailurePolicy()
            let more: [(String, FailureClass)] = [
                ("ServiceUnavailableError", .serviceUnavailable), ("BadGatewayError", .badGateway),
                ("NotFoundError", .notFound),
            ]
            for (name, failure) in common + more {
                section.read("\(name)AllowedFails", .count, into: &policy.counts[failure])
            }
            section.finish(unknownKeys: .areWarnings)
            return policy
        }
    }

    private static var common: [(String, FailureClass)] {
        [
            ("BadRequestError", .badRequest), ("AuthenticationError", .authentication), ("TimeoutError", .timeout),
            ("RateLimitError", .rateLimit), ("ContentPolicyViolationError", .contentPolicyViolation),
            ("InternalServerError", .internalServer),
        ]
    }
}

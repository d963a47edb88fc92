import JSON

/// A member's value as the type it must have, or the failure that names the member.
extension JSONValue {
    func require<Value>(
        _ value: Value?, _ expected: @autoclosure () -> String, _ param: @autoclosure () -> String
    ) throws(RequestFailure) -> Value {
        guard let value else { throw .wrongType(param(), expected: expected(), found: self) }
        return value
    }

    func requireBool(_ param: @autoclosure () -> String) throws(RequestFailure) -> Bool {
        try require(bool, "a boolean", param())
    }

    func requireInteger(
        atLeast minimum: Int, atMost maximum: Int = .max, _ param: @autoclosure () -> String
    ) throws(RequestFailure) -> Int {
        let value = try require(integer, "an integer", param())
        guard value >= minimum else { throw .belowMinimum(param(), minimum: minimum, found: value) }
        guard value <= maximum else { throw .aboveMaximum(param(), maximum: maximum, found: value) }
        return value
    }

    func requireString(_ param: @autoclosure () -> String) throws(RequestFailure) -> String {
        try require(string, "a string", param())
    }

    func requireNonEmptyString(_ param: @autoclosure () -> String) throws(RequestFailure) -> String {
        let value = try requireString(param())
        guard !value.isEmpty else { throw .empty(param(), "string") }
        return value
    }

    func requireStrings(_ param: @autoclosure () -> String) throws(RequestFailure) -> [String] {
        let strings = try require(strings, "an array of strings", param())
        try requireShortList(strings.count, param())
        return strings
    }

    /// Lists that routing goes through for every decision.
    func requireShortList(_ count: Int, _ param: @autoclosure () -> String) throws(RequestFailure) {
        let maximum = 256
        guard count <= maximum else { throw .tooLong(param(), maximum: maximum, found: count, unit: "entries") }
    }

    /// A name: not empty, and short enough to be quoted in headers and events.
    func requireName(_ param: @autoclosure () -> String) throws(RequestFailure) -> String {
        let value = try requireNonEmptyString(param())
        let maximum = 4096  // twice the longest id that Bedrock takes
        guard value.utf8.count <= maximum else {
            throw .tooLong(param(), maximum: maximum, found: value.utf8.count, unit: "bytes")
        }
        return value
    }

    /// A positive number of seconds.
    func requireSeconds(_ param: @autoclosure () -> String) throws(RequestFailure) -> Duration {
        let seconds = try require(double, "a number of seconds", param())
        guard seconds > 0 else {
            throw .invalid("Invalid '\(param())': it must be greater than 0.", param: param(), code: "invalid_value")
        }
        return .seconds(min(seconds, 1e9))  // 31 years; far larger ones do not fit a Duration
    }
}

import JSON

/// What can be wrong with a request's body. Codes are OpenAI's; the message names the place and what is expected there.
extension RequestFailure {
    static func invalid(_ message: String, param: String? = nil, code: String? = nil) -> RequestFailure {
        RequestFailure(status: 400, type: .invalidRequest, message: message, param: param, code: code)
    }

    static func notJSON(_ error: JSONError) -> RequestFailure {
        invalid("The request's body is not valid JSON: \(error).")
    }

    static func tooLarge(size: Int, maximum: Int) -> RequestFailure {
        RequestFailure(
            status: 413, type: .invalidRequest,
            message: "The request's body of \(size) bytes is larger than the \(maximum) bytes allowed.",
            code: "request_too_large")
    }

    static func missing(_ param: String) -> RequestFailure {
        invalid("Missing required parameter: '\(param)'.", param: param, code: "missing_required_parameter")
    }

    static func wrongType(_ param: String, expected: String, found: JSONValue) -> RequestFailure {
        invalid(
            "Invalid type for '\(param)': expected \(expected), but got \(found.kindName) instead.", param: param,
            code: "invalid_type")
    }

    static func empty(_ param: String, _ what: String) -> RequestFailure {
        invalid("Invalid '\(param)': it must not be an empty \(what).", param: param, code: "empty_\(what)")
    }

    static func belowMinimum(_ param: String, minimum: Int, found: Int) -> RequestFailure {
        invalid(
            "Invalid '\(param)': expected an integer of at least \(minimum), but got \(found) instead.", param: param,
            code: "integer_below_min_value")
    }

    static func aboveMaximum(_ param: String, maximum: Int, found: Int) -> RequestFailure {
        invalid(
            "Invalid '\(param)': expected an integer of at most \(maximum), but got \(found) instead.", param: param,
            code: "integer_above_max_value")
    }

    static func tooLong(_ param: String, maximum: Int, found: Int, unit: String) -> RequestFailure {
        invalid(
            "Invalid '\(param)': expected at most \(maximum) \(unit), but got \(found) instead.", param: param,
            code: unit == "bytes" ? "string_above_max_length" : "array_above_max_length")
    }

    static func unknownValue(_ param: String, _ found: JSONValue, supported: [String]) -> RequestFailure {
        let supported = supported.map { "'\($0)'" }.joined(separator: ", ")
        let found = String((found.string ?? "").prefix(40))  // enough to recognise it by
        return invalid(
            "Invalid value for '\(param)': '\(found)'. Supported values are: \(supported).", param: param,
            code: "invalid_value")
    }
}

extension JSONValue {
    fileprivate var kindName: String {
        switch kind {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: integer == nil ? "a number" : "an integer"
        case .bool: "a boolean"
        case .null: "null"
        }
    }
}

import JSON

/// The top-level parameters that the relay itself does not read, but whose type it checks before a request goes further.
///
/// Ranges and combinations are the provider's to judge, and so is every key not listed.
enum CheckedParameter: String, CaseIterable, Sendable {
    case temperature, n, stop, tools, functions, seed, user, logprobs, modalities, audio, prediction, store, thinking
    case topP = "top_p"
    case topK = "top_k"
    case frequencyPenalty = "frequency_penalty"
    case presencePenalty = "presence_penalty"
    case toolChoice = "tool_choice"
    case parallelToolCalls = "parallel_tool_calls"
    case functionCall = "function_call"
    case topLogprobs = "top_logprobs"
    case logitBias = "logit_bias"
    case reasoningEffort = "reasoning_effort"
    case serviceTier = "service_tier"

    enum Shape {
        case bool, integer, number, string, object, objects, strings, stringOrStrings, stringOrObject

        var expected: String {
            switch self {
            case .bool: "a boolean"
            case .integer: "an integer"
            case .number: "a number"
            case .string: "a string"
            case .object: "an object"
            case .objects: "an array of objects"
            case .strings: "an array of strings"
            case .stringOrStrings: "a string or an array of strings"
            case .stringOrObject: "a string or an object"
            }
        }

        func accepts(_ value: JSONValue) -> Bool {
            switch self {
            case .bool: value.bool != nil
            case .integer: value.integer != nil
            case .number: value.double != nil
            case .string: value.isString
            case .object: value.isObject
            case .objects: value.isArray && value.elements.allSatisfy(\.isObject)
            case .strings: value.isArray && value.elements.allSatisfy(\.isString)
            case .stringOrStrings: value.isString || Shape.strings.accepts(value)
            case .stringOrObject: value.isString || value.isObject
            }
        }
    }

    var shape: Shape {
        switch self {
        case .parallelToolCalls, .logprobs, .store: .bool
        case .n, .seed, .topK, .topLogprobs: .integer
        case .temperature, .topP, .frequencyPenalty, .presencePenalty: .number
        case .user, .reasoningEffort, .serviceTier: .string
        case .logitBias, .audio, .prediction, .thinking: .object
        case .tools, .functions: .objects
        case .modalities: .strings
        case .stop: .stringOrStrings
        case .toolChoice, .functionCall: .stringOrObject
        }
    }

    /// A null is as good as absent.
    func check(_ value: JSONValue) throws(RequestFailure) {
        guard value.isNull || shape.accepts(value) else {
            throw .wrongType(rawValue, expected: shape.expected, found: value)
        }
    }
}

import ChatCompletions

/// The parameters that a deployment gives to requests which lack them.
enum DefaultParameters {
    /// Throws where no request could be made with the defaults of `target`: each one that lacks the parameter itself
    /// would be refused, and its sender told of a mistake that is not theirs.
    static func check(for target: ConverseTarget) throws(TargetError) {
        guard target.defaults != nil else { return }
        var target = target
        target.dropsUnsupportedParameters = true  // what one model of several does not take is no mistake
        do throws(RequestFailure) {
            let request = try ChatRequest(json: Array(sample.utf8))
            _ = try ConverseRequest(request, for: target).json()
        } catch {
            let param = error.param ?? "litellm_params"
            let key = String(param.prefix { $0 != "." && $0 != "[" })
            if key == "tool_choice" { return }  // depends on the request's tools
            let isNamed = param == key && error.message.hasPrefix("\(param): ")
            let message = isNamed ? String(error.message.dropFirst(param.count + 2)) : error.message
            throw TargetError(key: key, message: message)
        }
    }

    private static let sample = #"{"model":"m","messages":[{"role":"user","content":"ping"}]}"#
}

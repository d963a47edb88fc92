public import ChatCompletions

/// The translation of requests by itself, without a deployment to send them to.
public enum ConverseMapping {
    /// The Converse body of `request` for `model`, or the failure that its requester would be told.
    public static func body(
        of request: ChatRequest, for model: BedrockModelString, _ capabilities: ModelCapabilities
    ) throws(RequestFailure) -> [UInt8] {
        if model.isUnknownProvider {
            throw RequestFailure(
                status: 404, type: .invalidRequest, message: "model: no provider is known for \"\(model.id)\"",
                param: "model", code: "model_not_found")
        }
        let target = ConverseTarget(model: model.id, capabilities: capabilities, dropsUnsupportedParameters: false)
        return try ConverseRequest(request, for: target).json()
    }
}

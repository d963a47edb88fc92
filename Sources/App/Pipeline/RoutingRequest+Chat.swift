public import ChatCompletions
public import Routing

extension RoutingRequest {
    /// What routing looks at in `request`.
    public init(_ request: ChatRequest) {
        self.init(model: request.model)
        isStream = request.isStream
    }
}

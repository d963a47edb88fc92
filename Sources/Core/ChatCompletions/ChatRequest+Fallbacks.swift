public import JSON

extension ChatRequest {
    /// The entry of the body's `fallbacks` whose parameters replace the request's own on that hop.
    public func fallbackParameters(entry: Int) -> JSONValue? {
        guard let fallbacks = body.root["fallbacks"], entry >= 0 else { return nil }
        var index = 0
        for element in fallbacks.elements {
            if index == entry { return element }
            index += 1
        }
        return nil
    }
}

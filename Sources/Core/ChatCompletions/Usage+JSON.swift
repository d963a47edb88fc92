public import JSON

extension Usage {
    /// Writes OpenAI's `usage` object; cache figures in OpenAI's and in LiteLLM's names, where there are any.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("prompt_tokens", promptTokens)
        json.member("completion_tokens", completionTokens)
        json.member("total_tokens", totalTokens)
        if reasoningTokens != 0 {
            json.key("completion_tokens_details")
            json.beginObject()
            json.member("reasoning_tokens", reasoningTokens)
            json.endObject()
        }
        if cacheReadTokens != 0 || cacheWriteTokens != 0 {
            json.key("prompt_tokens_details")
            json.beginObject()
            json.member("cached_tokens", cacheReadTokens)
            json.member("cache_creation_tokens", cacheWriteTokens)
            json.endObject()
            json.member("cache_read_input_tokens", cacheReadTokens)
            json.member("cache_creation_input_tokens", cacheWriteTokens)
        }
        json.endObject()
    }
}

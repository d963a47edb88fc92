import JSON
import Time

extension RoutingEvent {
    /// The metrics topic's record (contract, section 5). Fields are only ever added.
    public func json() -> [UInt8] {
        var writer = JSONWriter(capacity: 1024 + 256 * attempts.count)
        writer.beginObject()
        writer.member("schema", "bedrock-relay.routing.v1")
        writer.key("time")
        writer.string(escaped: time.rfc3339Bytes)
        writer.member("instance", instance)
        writer.member("correlation_id", correlationID)
        writer.key("source")
        writer.source(source)
        writer.member("model_group", optional: modelGroup)
        writer.member("strategy", optional: strategy)
        writer.member("outcome", outcome.rawValue)
        writer.member("status", status)
        writer.member("stream", isStream)
        writer.key("deployment")
        writer.deployment(deployment)
        writer.key("attempts")
        writer.beginArray()
        for attempt in attempts { writer.attempt(attempt) }
        writer.endArray()
        writer.member("retries", retries)
        writer.member("fallbacks", fallbacks)
        writer.key("usage")
        writer.usage(tokens)
        writer.key("cost_usd")
        writer.number(cost)
        writer.key("latency_ms")
        writer.latency(latency)
        writer.endObject()
        return writer.finish()
    }
}

extension JSONWriter {
    fileprivate mutating func source(_ source: RoutingEvent.Source) {
        beginObject()
        member("topic", source.topic)
        member("partition", Int(source.partition))
        member("offset", Int(source.offset))
        endObject()
    }

    fileprivate mutating func deployment(_ deployment: RoutingEvent.Deployment?) {
        guard let deployment else { return null() }
        beginObject()
        member("id", deployment.id)
        member("model", deployment.model)
        member("region", optional: deployment.region)
        endObject()
    }

    fileprivate mutating func attempt(_ attempt: RoutingEvent.Attempt) {
        beginObject()
        member("model_group", attempt.modelGroup)
        member("deployment_id", attempt.deployment.id)
        member("model", attempt.deployment.model)
        member("region", optional: attempt.deployment.region)
        member("status", attempt.status)
        member("error_type", optional: attempt.errorType)
        member("started_ms", milliseconds: attempt.started)
        member("latency_ms", milliseconds: attempt.latency)
        member("time_to_first_token_ms", milliseconds: attempt.timeToFirstToken)
        key("cooldown_s")
        number(attempt.cooldown?.inSeconds)
        endObject()
    }

    fileprivate mutating func usage(_ tokens: RoutingEvent.Tokens?) {
        guard let tokens else { return null() }
        beginObject()
        member("prompt_tokens", tokens.prompt)
        member("completion_tokens", tokens.completion)
        member("total_tokens", tokens.total)
        member("cache_read_tokens", tokens.cacheRead)
        member("cache_write_tokens", tokens.cacheWrite)
        endObject()
    }

    fileprivate mutating func latency(_ latency: RoutingEvent.Latency) {
        beginObject()
        member("queue", milliseconds: latency.queue)
        member("wait", milliseconds: latency.wait)
        member("upstream", milliseconds: latency.upstream)
        member("overhead", milliseconds: latency.overhead)
        member("total", milliseconds: latency.total)
        endObject()
    }

    /// Milliseconds to the microsecond: what is finer is noise.
    private mutating func member(_ key: StaticString, milliseconds duration: Duration?) {
        self.key(key)
        if let duration { decimal(thousandths: duration.wholeNanoseconds / 1000) } else { null() }
    }

    fileprivate mutating func member(_ key: StaticString, optional text: String?) {
        self.key(key)
        if let text { string(text) } else { null() }
    }

    fileprivate mutating func number(_ value: Double?) {
        if let value { double(value) } else { null() }
    }
}

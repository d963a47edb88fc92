import JSON
import Routing
import Time

/// `/routes`: each deployment with its usage of the current minute, limits, latency estimate, in-flight count and
/// cool-down. Nothing here is secret: credentials never reach the router.
enum RoutesPage {
    static func json(_ statuses: [DeploymentStatus], strategy: RoutingStrategyName, held: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 512 * (statuses.count + 1))
        writer.beginObject()
        writer.member("strategy", strategy.rawValue)
        writer.member("held_requests", held)
        writer.key("deployments")
        writer.beginArray()
        for status in statuses {
            writer.beginObject()
            writeMembers(of: status, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    static func writeMembers(of status: DeploymentStatus, to writer: inout JSONWriter) {
        let deployment = status.deployment
        writer.member("id", deployment.id.rawValue)
        writer.member("model_group", deployment.group)
        writer.member("model", deployment.modelID)
        writer.optional("region", deployment.region)
        writer.key("usage")
        writer.beginObject()
        writer.member("requests_this_minute", status.requestsThisMinute)
        writer.member("tokens_this_minute", status.tokensThisMinute)
        writer.member("peer_requests_this_minute", status.peerRequestsThisMinute)
        writer.member("peer_tokens_this_minute", status.peerTokensThisMinute)
        writer.endObject()
        writer.key("limits")
        writer.beginObject()
        writer.optional("rpm", deployment.limits.requestsPerMinute)
        writer.optional("tpm", deployment.limits.tokensPerMinute)
        writer.optional("max_parallel_requests", deployment.maxParallelRequests)
        writer.endObject()
        writer.optional("weight", deployment.weight)
        writer.optional("order", deployment.order)
        writer.member("in_flight", status.inFlight)
        writer.optional("latency_s_per_token", status.latencyEstimate)
        writer.optional("cooldown_s", status.cooldownRemaining?.inSeconds)
        writer.member("blocked", deployment.isBlocked)
    }
}

extension JSONWriter {
    mutating func optional(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    mutating func optional(_ key: StaticString, _ value: Int?) {
        self.key(key)
        if let value { integer(value) } else { null() }
    }

    mutating func optional(_ key: StaticString, _ value: Double?) {
        self.key(key)
        if let value { double(value) } else { null() }
    }
}

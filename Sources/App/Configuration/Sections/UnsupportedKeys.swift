/// LiteLLM keys that we know and do not serve: each is warned about by name, with the reason.
enum UnsupportedKeys {
    static func warnOfRouterSettings(in section: SectionReader) {
        section.warnUnsupported(prefix: "redis_", because: "router state is kept in the process, without Redis")
        section.warnUnsupported(prefix: "cache_", because: "responses are not cached")
        section.warnUnsupported(["caching_groups", "client_ttl"], because: "responses and clients are not cached")
        section.warnUnsupported(["set_verbose", "debug_level"], because: "use relay.log_level")
        section.warnUnsupported(["alerting_config"], because: "alert on the metrics of /metrics")
        section.warnUnsupported(
            ["default_priority", "polling_interval"], because: "requests are taken in the order of their partition")
        section.warnUnsupported(["plugins"], because: "there are no plug-ins")
        section.warnUnsupported(prefix: "health_check_", because: "deployments are judged by their requests")
        section.warnUnsupported(["enable_health_check_routing"], because: "deployments are judged by their requests")
        section.warnUnsupported(
            ["model_group_affinity_config", "deployment_affinity_ttl_seconds"],
            because: "sessions are not tied to deployments")
        section.warnUnsupported(["tag_routing_prefix"], because: "tags are compared as they are")
    }

    static func warnOfSettings(in section: SectionReader) {
        section.warnUnsupported(
            ["callbacks", "success_callback", "failure_callback", "service_callback", "audit_log_callbacks"],
            because: "routing events and metrics take the place of callbacks")
        section.warnUnsupported(
            ["cache", "cache_params", "enable_caching_on_provider_specific_optional_params"],
            because: "responses are not cached")
        section.warnUnsupported(
            ["set_verbose", "json_logs", "turn_off_message_logging", "redact_user_api_key_info"],
            because: "use relay.log_level; messages are never logged")
        section.warnUnsupported(["modify_params"], because: "requests are sent as they are")
    }

    static func warnOfGeneralSettings(in section: SectionReader) {
        section.warnUnsupported(
            (section.node.mapping ?? []).map(\.key),
            because: "it concerns LiteLLM's HTTP proxy, and requests come from Kafka")
    }
}

/// The catalogue of what is measured: one case a metric, one row each in `row`.
///
/// The raw value is the name in Prometheus' text format, less the prefix `bedrock_relay_`.
public enum MetricDefinition: String, CaseIterable, Sendable {
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// The base unit that the name ends in.
    public enum Unit: String, Sendable { case seconds, bytes, dollars, none = "" }

    // Fed by finished requests.
    case requests = "requests_total"
    case attempts = "attempts_total"
    case attemptErrors = "attempt_errors_total"
    case retries = "retries_total"
    case fallbacks = "fallbacks_total"
    case cooldowns = "cooldowns_total"
    case tokens = "tokens_total"
    case cost = "cost_dollars_total"
    case requestDuration = "request_duration_seconds"
    case requestQueue = "request_queue_seconds"
    case requestWait = "request_wait_seconds"
    case requestUpstream = "request_upstream_seconds"
    case requestOverhead = "request_overhead_seconds"
    case attemptDuration = "attempt_duration_seconds"
    case timeToFirstToken = "time_to_first_token_seconds"

    // Read when asked for.
    case requestsInFlight = "requests_in_flight"
    case requestsWaiting = "requests_waiting"
    case bufferedBytes = "buffered_bytes"
    case assignedPartitions = "assigned_partitions"
    case consumerLag = "consumer_lag_records"
    case partitionInFlight = "partition_requests_in_flight"
    case prefetched = "partition_prefetched_records"
    case watermarkSpan = "partition_watermark_span_records"
    case oldestPendingAge = "partition_oldest_pending_age_seconds"
    case producerQueue = "producer_queue_records"
    case connections = "upstream_connections"
    case connectionsOpened = "upstream_connections_opened_total"
    case connectionsReused = "upstream_connections_reused_total"
    case upstreamResponses = "upstream_responses_total"
    case upstreamErrors = "upstream_errors_total"
    case upstreamResends = "upstream_resends_total"
    case deploymentInFlight = "deployment_requests_in_flight"
    case deploymentCooldown = "deployment_cooldown_seconds"
    case deploymentRequests = "deployment_requests_this_minute"
    case deploymentTokens = "deployment_tokens_this_minute"
    case deploymentRequestLimit = "deployment_requests_per_minute_limit"
    case deploymentTokenLimit = "deployment_tokens_per_minute_limit"
    case stateConnected = "state_connected"
    case statePeers = "state_peers"
    case stateSkipped = "state_records_skipped_total"
    case logLinesDropped = "log_lines_dropped_total"
    case processCPU = "process_cpu_seconds_total"
    case processMemory = "process_resident_memory_bytes"
    case processDescriptors = "process_open_fds"
    case processStart = "process_start_time_seconds"

    /// The full name: `bedrock_relay_requests_total`.
    public var name: String { "bedrock_relay_\(rawValue)" }
    public var kind: Kind { row.kind }
    public var unit: Unit { row.unit }
    public var labels: [String] { row.labels }
    /// One sentence for people.
    public var help: String { row.help }

    private typealias Row = (kind: Kind, unit: Unit, labels: [String], help: String)

    private var row: Row {
        switch self {
        case .requests:
            (.counter, .none, ["model_group", "outcome", "status"], "Finished requests by outcome and reply status.")
        case .attempts: (.counter, .none, ["model_group", "deployment", "status"], "Provider calls by status.")
        case .attemptErrors:
            (.counter, .none, ["model_group", "deployment", "error_type"], "Failed provider calls by error class.")
        case .retries: (.counter, .none, ["model_group"], "Retries within the answering model group.")
        case .fallbacks: (.counter, .none, ["model_group"], "Model groups fallen back to.")
        case .cooldowns: (.counter, .none, ["model_group", "deployment"], "Cool-downs started.")
        case .tokens:
            (
                .counter, .none, ["model_group", "deployment", "kind"],
                "Tokens of answers; prompt includes cache tokens."
            )
        case .cost: (.counter, .dollars, ["model_group", "deployment"], "Cost of answers where the price is known.")
        case .requestDuration:
            (.histogram, .seconds, ["model_group"], "From a request record's timestamp to its outcome.")
        case .requestQueue:
            (.histogram, .seconds, ["model_group"], "From a request record's timestamp to its being taken from Kafka.")
        case .requestWait: (.histogram, .seconds, ["model_group"], "Time for which requests were held for capacity.")
        case .requestUpstream: (.histogram, .seconds, ["model_group"], "Time that requests spent in provider calls.")
        case .requestOverhead:
            (.histogram, .seconds, ["model_group"], "Request time outside queue, capacity wait and provider calls.")
        case .attemptDuration: (.histogram, .seconds, ["model_group", "deployment"], "Time of one provider call.")
        case .timeToFirstToken:
            (.histogram, .seconds, ["model_group", "deployment"], "From a streaming call to its first token.")
        case .requestsInFlight: (.gauge, .none, [], "Requests being worked on.")
        case .requestsWaiting: (.gauge, .none, [], "Requests held until a deployment has capacity.")
        case .bufferedBytes: (.gauge, .bytes, [], "Requests and replies held in memory.")
        case .assignedPartitions: (.gauge, .none, [], "Partitions assigned to this process.")
        case .consumerLag: (.gauge, .none, ["topic", "partition"], "Records from the committed position to the end.")
        case .partitionInFlight: (.gauge, .none, ["topic", "partition"], "Requests of a partition being worked on.")
        case .prefetched: (.gauge, .none, ["topic", "partition"], "Records fetched and not yet taken.")
        case .watermarkSpan:
            (.gauge, .none, ["topic", "partition"], "Records from the committed position to the highest finished one.")
        case .oldestPendingAge: (.gauge, .seconds, ["topic", "partition"], "Age of the oldest unfinished request.")
        case .producerQueue: (.gauge, .none, [], "Records that await their delivery report.")
        case .connections: (.gauge, .none, [], "Open connections to the provider and to credential services.")
        case .connectionsOpened: (.counter, .none, [], "Connections opened for requests.")
        case .connectionsReused: (.counter, .none, [], "Requests sent over a connection that was there already.")
        case .upstreamResponses: (.counter, .none, ["http_version"], "Responses, whatever their status.")
        case .upstreamErrors: (.counter, .none, ["kind"], "Exchanges that brought no whole response.")
        case .upstreamResends:
            (
                .counter, .none, ["outcome"],
                "Repetitions after a lost connection: sent when the server had not begun, else prevented."
            )
        case .deploymentInFlight: (.gauge, .none, ["model_group", "deployment"], "Provider calls in flight.")
        case .deploymentCooldown:
            (.gauge, .seconds, ["model_group", "deployment"], "What is left of the cool-down; 0 when there is none.")
        case .deploymentRequests: (.gauge, .none, ["model_group", "deployment"], "Requests in this minute.")
        case .deploymentTokens: (.gauge, .none, ["model_group", "deployment"], "Tokens in this minute.")
        case .deploymentRequestLimit:
            (.gauge, .none, ["model_group", "deployment"], "Configured requests per minute, where there is a limit.")
        case .deploymentTokenLimit:
            (.gauge, .none, ["model_group", "deployment"], "Configured tokens per minute, where there is a limit.")
        case .stateConnected: (.gauge, .none, [], "Whether router state is shared with other instances now: 1 or 0.")
        case .statePeers: (.gauge, .none, [], "Other instances whose router state is known.")
        case .stateSkipped: (.counter, .none, [], "Records of the state topic that could not be read.")
        case .logLinesDropped: (.counter, .none, [], "Log lines lost because standard error was too slow.")
        case .processCPU: (.counter, .seconds, [], "User and system CPU time of this process.")
        case .processMemory: (.gauge, .bytes, [], "Resident memory of this process.")
        case .processDescriptors: (.gauge, .none, [], "Open file descriptors of this process.")
        case .processStart: (.gauge, .seconds, [], "When this process started, in Unix time.")
        }
    }
}

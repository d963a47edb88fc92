import CCurl
import CShims
import Glibc
import Processes
import Time

/// What one measurement runs in: a broker, a fake Bedrock and the program under load, fresh, each a process of its own.
final class World {
    static let requestTopic = "bench.requests"
    static let replyTopic = "bench.replies"
    static let metricsTopic = "bench.routing"
    static let deadLetterTopic = "bench.dead"
    static let partitions = 8

    let brokers: String
    /// The fake Bedrock's URL.
    let endpoint: String
    /// In the order in which they were started.
    private var processes: [ChildProcess]
    private let front: TLSFront?

    /// - Parameters:
    ///   - script: what the fake Bedrock does beside its answer and its latency.
    ///   - isSecure: whether it is reached over TLS, and HTTP/2.
    init(upstreamLatency: Duration, script: [String] = [], isSecure: Bool = false) throws(Unmeasurable) {
        let topics = [Self.requestTopic, Self.replyTopic, Self.metricsTopic, Self.deadLetterTopic]
        let broker = try ChildProcess(
            Executables.ourselves, ["broker"] + topics.map { "\($0):\(Self.partitions)" })
        brokers = try broker.line(within: .seconds(10))
        let latency = "\(upstreamLatency.wholeNanoseconds / 1_000_000)ms"
        let model = (["text=\(Samples.answer)"] + script).joined(separator: ",")
        let simulator = try ChildProcess(
            Executables.simulator, ["--port", "0", "--latency", latency, "--model", "*:\(model)"])
        let greeting = try simulator.line(within: .seconds(10))
        guard let address = greeting.split(separator: " ").last else {
            throw Unmeasurable("bedrock-simulator does not say where it listens")
        }
        front = isSecure ? try TLSFront(before: String(address)) : nil
        endpoint = front?.endpoint ?? "http://\(address)"
        processes = [broker, simulator] + [front?.process].compactMap { $0 }
    }

    /// Ends all processes, the last one first: those it needs are still there while it finishes.
    func stop() {
        while let process = processes.popLast() { process.stop() }
    }

    /// Where one model is called.
    var converseURL: String { "\(endpoint)/model/\(Samples.modelID)/converse" }

    /// The relay, consuming.
    func startRelay(inFlight: Int, linger: Double) throws(Unmeasurable) -> ChildProcess {
        let port = try Self.freePort()
        let text = configuration(inFlight: inFlight, linger: linger, port: port)
        let (folder, file) = try Unmeasurable.unless { () throws(SystemFailure) in
            let folder = try TemporaryFolder()
            return (folder, try folder.write("relay.yaml", text))
        }
        defer { withExtendedLifetime(folder) {} }
        let variables = front.map { ["AWS_CA_BUNDLE=\($0.bundle)"] } ?? []
        let relay = try ChildProcess("/usr/bin/env", variables + [Executables.relay, "run", "--config", file])
        try Self.waitUntilReady(relay, "http://127.0.0.1:\(port)/readyz")
        processes.append(relay)
        return relay
    }

    /// The least that answers requests: each comes back as its own reply.
    func startEcho(linger: Double) throws(Unmeasurable) -> ChildProcess {
        let echo = try ChildProcess(Executables.ourselves, ["kafka-floor", brokers, "\(linger)"])
        _ = try echo.line(within: .seconds(10))
        processes.append(echo)
        return echo
    }

    private func configuration(inFlight: Int, linger: Double, port: Int) -> String {
        """
        kafka:
          bootstrap.servers: \(brokers)
          group.id: bench
          session.timeout.ms: 6000
          heartbeat.interval.ms: 500
          fetch.wait.max.ms: \(KafkaTuning.fetchWaitMilliseconds)
          linger.ms: \(linger)
        relay:
          request_topics: [\(Self.requestTopic)]
          reply_topic: \(Self.replyTopic)
          metrics_topic: \(Self.metricsTopic)
          dead_letter_topic: \(Self.deadLetterTopic)
          partition_concurrency: \(inFlight)
          max_in_flight: \(inFlight)
          admin: 127.0.0.1:\(port)
          log_level: warning
        model_list:
        \(deployment(region: "us-east-1"))
        \(deployment(region: "us-west-2"))

        """
    }

    private func deployment(region: String) -> String {
        """
          - model_name: \(Samples.modelGroup)
            litellm_params:
              model: bedrock/\(Samples.modelID)
              aws_region_name: \(region)
              aws_access_key_id: AKIDEXAMPLE
              aws_secret_access_key: not-a-secret
              aws_bedrock_runtime_endpoint: \(endpoint)
        """
    }

    /// A port that was free a moment ago.
    static func freePort() throws(Unmeasurable) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { socketAddress in
                bind(descriptor, socketAddress.baseAddress, length) == 0
                    && getsockname(descriptor, socketAddress.baseAddress, &length) == 0
            }
        }
        guard code else { throw Unmeasurable("no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The mock broker lets a group's first member wait for others, for about three seconds.
    static func waitUntilReady(
        _ process: ChildProcess, _ url: String, trusting bundle: String? = nil
    ) throws(Unmeasurable) {
        let deadline = Clocks.monotonic + 30_000_000_000
        guard let easy = curl_easy_init() else { throw Unmeasurable("libcurl has no memory for a transfer") }
        defer { curl_easy_cleanup(easy) }
        cshims_easy_set_string(easy, CURLOPT_URL, url)
        cshims_easy_set_string(easy, CURLOPT_NOPROXY, "*")
        cshims_easy_set_long(easy, CURLOPT_NOBODY, 1)
        cshims_easy_set_long(easy, CURLOPT_TIMEOUT_MS, 1000)
        if let bundle { cshims_easy_set_string(easy, CURLOPT_CAINFO, bundle) }
        while Clocks.monotonic < deadline {
            if curl_easy_perform(easy) == CURLE_OK, cshims_easy_info_long(easy, CURLINFO_RESPONSE_CODE) == 200 {
                return
            }
            guard process.isRunning else { throw Unmeasurable("\(process.name) ended while starting") }
            usleep(50_000)
        }
        throw Unmeasurable("\(process.name) was not ready within 30 s")
    }
}

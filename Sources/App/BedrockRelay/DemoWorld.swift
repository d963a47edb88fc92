import EventLoop
import Simulator
import Time

/// What the demo runs in: brokers and Bedrock, inside this process.
@RequestPath
struct DemoWorld {
    private let cluster: KafkaMockCluster
    private let simulator: BedrockSimulator

    var brokers: String { cluster.bootstrapServers }
    var endpoint: String { simulator.url }

    init(routes: [DemoRoute]) throws {
        cluster = try KafkaMockCluster()
        for route in routes {
            for topic in [route.requestTopic, route.replyTopic, route.metricsTopic, route.deadLetterTopic] {
                try cluster.createTopic(topic, partitions: 2)
            }
        }
        simulator = try BedrockSimulator()
        simulator.setScript(Self.model(latency: .milliseconds(250)), for: "*sonnet*")
        simulator.setScript(Self.model(latency: .milliseconds(50)), for: "*haiku*")
    }

    /// One running relay per route, all ready.
    func stages(for routes: [DemoRoute]) async throws -> [DemoStage] {
        var stages: [DemoStage] = []
        for route in routes {
            stages.append(try await DemoStage(route, brokers: brokers, environment: environment))
        }
        for stage in stages { await stage.untilReady() }
        return stages
    }

    func stop() { simulator.stop() }

    /// What the sample routes find in their environment: a region, keys that only the simulator takes, its address.
    private var environment: [String: String] {
        [
            "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret",
            "AWS_BEDROCK_RUNTIME_ENDPOINT": endpoint,
        ]
    }

    private static func model(latency: Duration) -> ModelScript {
        ModelScript(latency: .fixed(latency), inputTokens: .fixed(12), outputTokens: .fixed(30))
    }
}

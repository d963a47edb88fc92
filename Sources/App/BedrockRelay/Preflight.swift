import Bedrock
import Configuration
import Kafka

/// What can be found wrong before anything is started: by the parts that the configuration is for, in their own words.
enum Preflight {
    static func problems(in configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        kafkaProblems(configuration) + bedrockProblems(configuration)
    }

    private static func kafkaProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        configuration.kafka.properties.flatMap { property in
            KafkaClientConfiguration.problems(in: [KafkaProperty(property.name, property.value.reveal())])
                .map { property.problem("\($0)") }
        }
    }

    private static func bedrockProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        do throws(BedrockConfigurationError) {
            _ = try BedrockTargets(
                deployments: configuration.bedrockDeployments, environment: configuration.environment.reveal())
            return []
        } catch {
            return error.problems.map {
                configuration.problem(inDeployment: $0.deploymentIndex, key: $0.key, $0.message)
            }
        }
    }
}

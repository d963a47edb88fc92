import Bedrock
import Configuration
import Kafka

/// What can be found wrong before anything is started: by the parts that the configuration is for, in their own words.
enum Preflight {
    static func problems(in configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        kafkaProblems(configuration) + mskProblems(configuration) + bedrockProblems(configuration)
    }

    private static func kafkaProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        configuration.kafka.properties.flatMap { property in
            KafkaClientConfiguration.problems(in: [KafkaProperty(property.name, property.value.reveal())])
                .map { property.problem("\($0)") }
        }
    }

    private static func mskProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        guard let msk = configuration.kafka.msk else { return [] }
        // Without SASL in it librdkafka would not log in at all.
        let problems = configuration.kafka.properties.filter { property in
            property.name == "security.protocol" && !property.value.reveal().lowercased().hasPrefix("sasl")
        }.map { $0.problem("AWS_MSK_IAM needs a login, expected SASL_SSL") }
        do throws(MSKConfigurationError) {
            _ = try MSKTokens.identity(of: configuration)
            return problems
        } catch {
            return problems + [msk.problem(error.message)]
        }
    }

    private static func bedrockProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        do throws(ConfigurationErrors) {
            _ = try bedrockTargets(of: configuration)
            return []
        } catch {
            return error.problems
        }
    }

    /// The deployments' calls, prepared; throws what is wrong with any of them. Reads files.
    static func bedrockTargets(of configuration: ServiceConfiguration) throws(ConfigurationErrors) -> BedrockTargets {
        do throws(BedrockConfigurationError) {
            return try BedrockTargets(
                deployments: configuration.bedrockDeployments, environment: configuration.environment.reveal())
        } catch {
            let problems = error.problems.map {
                configuration.problem(inDeployment: $0.deploymentIndex, key: $0.key, $0.message)
            }
            throw ConfigurationErrors(problems: problems)
        }
    }
}

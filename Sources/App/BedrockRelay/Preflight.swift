import Bedrock
import Configuration
import Kafka

/// What can be found wrong before anything is started: by the parts that the configuration is for, in their own words.
enum Preflight {
    static func problems(in configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        kafkaProblems(configuration) + mskProblems(configuration) + bedrockProblems(configuration)
    }

    private static func kafkaProblems(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        let problems = configuration.kafka.properties.flatMap { property in
            KafkaClientConfiguration.problems(in: [KafkaProperty(property.name, property.value.reveal())])
                .map { property.problem("\($0)") }
        }
        return problems.isEmpty ? kafkaConflicts(configuration) : problems
    }

    /// Of properties that do not go together, or with what the relay sets; each where the first that is named is written.
    private static func kafkaConflicts(_ configuration: ServiceConfiguration) -> [ConfigurationProblem] {
        let properties = configuration.kafka.revealed
        var clients: [(properties: [KafkaProperty], role: KafkaClientConfiguration.Role)] = [
            (properties, .consumer), (properties, .producer),
        ]
        if configuration.relay.delivery == .exactlyOnce {
            clients.append((TransactionalProducer.properties(properties, transactionalID: "check"), .producer))
        }
        var messages: [String] = []
        for client in clients {
            let message = KafkaClientConfiguration.conflict(among: client.properties, role: client.role)
            if let message, !messages.contains(message) { messages.append(message) }
        }
        let written = configuration.kafka.properties.filter { $0.line > 0 }
        return messages.map { message in
            // What is missing is not written, but others of its kind are: `sasl.username`, `sasl.mechanisms`.
            let property =
                written.first { message.contains($0.name) }
                ?? written.first { message.contains($0.name.prefix { $0 != "." } + ".") }
            return property?.problem(message)
                ?? ConfigurationProblem(
                    file: configuration.files.first ?? "configuration", line: 0, key: "kafka", message: message)
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
            // What all deployments share is told once.
            var told: Set<ConfigurationProblem> = []
            let problems = error.problems.map {
                configuration.problem(inDeployment: $0.deploymentIndex, key: $0.key, $0.message)
            }
            throw ConfigurationErrors(problems: problems.filter { told.insert($0).inserted })
        }
    }
}

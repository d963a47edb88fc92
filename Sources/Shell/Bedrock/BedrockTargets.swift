import ChatCompletions
import ProviderAPI
public import Routing

/// Every deployment's calls, prepared: URL, signing scope, credentials, capabilities. Touches no network.
public struct BedrockTargets: Sendable {
    private struct Entry: Sendable {
        var plan: DeploymentPlan
        var target: Result<BedrockTarget, ProviderError>
    }

    let environment: [String: String]
    private var entries: [Entry] = []
    private var indices: [DeploymentID: Int] = [:]

    /// Throws everything that is wrong with any of `deployments`, at once.
    public init(
        deployments: [BedrockDeployment], environment: [String: String]
    ) throws(BedrockConfigurationError) {
        self.environment = environment
        var problems: [BedrockConfigurationError.Problem] = []
        let profiles = SharedProfiles(environment: environment)
        for (index, deployment) in deployments.enumerated() {
            let problem = { (key: String, message: String) in
                BedrockConfigurationError.Problem(
                    deployment: deployment.id, deploymentIndex: index, key: key, message: message)
            }
            indices[deployment.id] = index
            do throws(CredentialError) {
                let plan = try DeploymentPlan(deployment, environment: environment, profiles: profiles)
                do throws(TargetError) {
                    let target = try Self.target(for: deployment.model, plan)
                    if case .success(let target) = target { try DefaultParameters.check(for: target.converse) }
                    entries.append(Entry(plan: plan, target: target))
                } catch {
                    problems.append(problem(error.key, error.message))
                }
            } catch {
                problems.append(problem(error.key, error.message))
            }
        }
        if !problems.isEmpty { throw BedrockConfigurationError(problems: problems) }
    }

    /// Where a deployment's credentials come from, for `check`: never a secret.
    public func describeCredentials(of id: DeploymentID) -> String {
        indices[id].map { entries[$0].plan.credentials.description } ?? "no such deployment"
    }

    func server(of id: DeploymentID) -> (host: String, port: Int)? {
        guard let index = indices[id], case .success(let target) = entries[index].target else { return nil }
        return (target.server.host, target.server.port)
    }

    /// Every source of keys in use, once.
    var credentialSources: Set<CredentialSource> { Set(entries.map(\.plan.credentials.source)) }

    /// How to call `model` of the deployment at `index`: its own, or one that a wildcard stands for.
    func target(at index: Int, model: String) throws(ProviderError) -> BedrockTarget {
        let entry = entries[index]
        if entry.plan.deployment.model == model { return try entry.target.get() }
        let target: Result<BedrockTarget, ProviderError>
        do throws(TargetError) {
            target = try Self.target(for: model, entry.plan)
        } catch {
            throw BedrockErrors.unknownModel(model)
        }
        return try target.get()
    }

    /// Whether `model` is the deployment's own, for which everything is prepared.
    func isPrepared(_ model: String, at index: Int) -> Bool { entries[index].plan.deployment.model == model }

    /// The position of a deployment: `index` if that is the one, which it is unless two configurations meet.
    func position(of id: DeploymentID, expected index: Int) -> Int? {
        entries.indices.contains(index) && entries[index].plan.deployment.id == id ? index : indices[id]
    }

    /// A failure inside the result is one that calls are answered with; a thrown one is the configuration's.
    private static func target(
        for model: String, _ plan: DeploymentPlan
    ) throws(TargetError) -> Result<BedrockTarget, ProviderError> {
        let parsed: BedrockModelString
        do throws(BedrockModelStringError) {
            parsed = try BedrockModelString(model)
        } catch {
            throw TargetError(key: "model", message: error.description)
        }
        do throws(EndpointError) {
            let target = try BedrockTarget(parsed, plan)
            return parsed.isUnknownProvider ? .failure(BedrockErrors.unknownModel(parsed.id)) : .success(target)
        } catch {
            throw TargetError(key: error.key, message: error.message)
        }
    }
}

/// What is wrong with a deployment, in the configuration's terms.
struct TargetError: Error {
    /// Of `litellm_params`.
    var key: String
    var message: String
}

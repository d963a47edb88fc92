/// The regions that profiles of the AWS SDKs' shared files give to deployments.
public struct ProfileRegions: Sendable {
    private let environment: [String: String]
    private let profiles: SharedProfiles

    /// Reads the files.
    public init(environment: [String: String]) {
        self.environment = environment
        profiles = SharedProfiles(environment: environment)
    }

    /// The region of the profile that `deployment` uses; nil: there is none.
    public func region(of deployment: BedrockDeployment) -> String? {
        profiles.profile(of: deployment, environment)?["region"]
    }
}

extension SharedProfiles {
    /// The profile that `deployment` uses, for all but its keys. A file that cannot be read is the problem of those who
    /// need them.
    func profile(of deployment: BedrockDeployment, _ environment: [String: String]) -> SharedProfile? {
        let chosen = CredentialParameters(deployment, environment).profileName?.value
        let name = chosen ?? Self.chosenName(in: environment)?.name ?? "default"
        return try? profile(name)
    }
}

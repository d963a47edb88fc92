import Processes

extension TemporaryFolder {
    /// The environment that names files in here as the shared ones.
    func environment(config: String = "", credentials: String = "", _ more: [String: String] = [:]) throws -> [String:
        String]
    {
        [
            "AWS_CONFIG_FILE": try write("config", config),
            "AWS_SHARED_CREDENTIALS_FILE": try write("credentials", credentials),
        ].merging(more) { $1 }
    }
}

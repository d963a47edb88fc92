/// One process of the service. A restarted one is another: it has counted nothing yet.
public struct RouterInstance: Hashable, Sendable {
    public var name: String
    /// When it started, in Unix milliseconds.
    public var started: Int64

    public init(name: String, started: Int64) {
        self.name = name
        self.started = started
    }
}

/// One record of the state topic.
///
/// An instance writes each of its reports under a key of its own, so a compacted topic holds at most one record per
/// instance and deployment, and one more per instance. An instance that stops removes its records.
public struct StateMessage: Hashable, Sendable {
    public enum Content: Hashable, Sendable {
        /// The instance lives. It also shows its writer that the topic works, when it comes back.
        case heartbeat
        case report(DeploymentReport)
    }

    public var instance: RouterInstance
    public var content: Content

    public init(_ content: Content, from instance: RouterInstance) {
        self.content = content
        self.instance = instance
    }

    /// The record's key. Names of instances hold no blank, so that keys cannot be confused.
    public var key: [UInt8] {
        switch content {
        case .heartbeat: Self.key(of: instance.name)
        case .report(let report): Self.key(of: instance.name, report.deployment)
        }
    }

    public static func key(of instance: String, _ deployment: DeploymentID? = nil) -> [UInt8] {
        Array((deployment.map { "\(instance) \($0.rawValue)" } ?? instance).utf8)
    }
}

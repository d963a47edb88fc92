import Bedrock
import Routing
import YAML

/// `model_list`: every entry as routing and as Bedrock see it.
struct ModelListSection {
    private(set) var deployments: [Deployment] = []
    private(set) var bedrockDeployments: [BedrockDeployment] = []
    private(set) var origins: [DeploymentOrigin] = []

    init(reading node: YAMLNode?, _ shared: DeploymentSection.Shared, _ context: ReadingContext) {
        let location = KeyLocation().key("model_list")
        guard let node, !node.isNull else { return }
        guard let entries = node.sequence else {
            context.error(node, location, "expected a list of deployments")
            return
        }
        var lines: [DeploymentID: Int] = [:]
        for (index, entry) in entries.enumerated() {
            let section = SectionReader(entry, at: location.element(index), context)
            guard var entry = DeploymentSection(reading: section, shared) else { continue }
            entry.makeUnique(given: lines, section)
            lines[entry.deployment.id] = section.node.line
            deployments.append(entry.deployment)
            bedrockDeployments.append(entry.bedrock)
            origins.append(entry.origin)
        }
    }
}

extension DeploymentSection {
    /// Two entries may be the same word for word; an id that is written twice is a mistake.
    fileprivate mutating func makeUnique(given lines: [DeploymentID: Int], _ section: SectionReader) {
        guard let line = lines[deployment.id] else { return }
        if let node = section["model_info"]?["id"], !node.isNull {
            section.context.error(
                node, section.location.key("model_info").key("id"),
                "\"\(deployment.id.rawValue)\" is the id of the deployment in line \(line) as well, expected another id"
            )
            return
        }
        section.context.warn(section.node, section.location, "is the same deployment as the one in line \(line)")
        let copy = (2...).lazy.map { [id = deployment.id] in DeploymentID("\(id.rawValue)-\($0)") }.first {
            lines[$0] == nil
        }
        if let copy {
            deployment.id = copy
            bedrock.id = copy
        }
    }
}

import Foundation
import Routing
import TestSupport
import Testing
import YAML

@testable import Configuration

/// `config/reference.yaml` and the code agree about every key, both ways.
@Suite struct ReferenceTests {
    private let file = RepositoryFiles.path("config/reference.yaml")

    private func text() throws -> String { try String(contentsOfFile: file, encoding: .utf8) }

    /// The reference with everything in use: `#key: value` becomes `key: value`, prose (`# text`) stays a comment.
    private func completeText() throws -> String {
        try text().split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let indent = line.prefix { $0 == " " }
            let rest = line.dropFirst(indent.count)
            let setting = rest.dropFirst()
            guard rest.first == "#", let first = setting.first else { return String(line) }
            // Lines of a commented block are indented behind their "#", prose by one blank.
            return first != " " || setting.hasPrefix("  ") ? String(indent + setting) : String(line)
        }.joined(separator: "\n")
    }

    @Test func `the reference loads as it stands, and sets what are the defaults`() throws {
        let configuration = try ServiceConfiguration.load(files: [file], environment: [:])

        #expect(configuration.warnings.isEmpty)
        #expect(String(describing: configuration.relay) == String(describing: RelaySection()))
        #expect(String(describing: configuration.router) == String(describing: RouterSettings()))
        #expect(configuration.kafka.properties.map(\.name) == ["bootstrap.servers", "group.id"])
        #expect(configuration.deployments.count == 1)
    }

    @Test func `every key of the reference is known to the code`() throws {
        let configuration = try load(try completeText())
        #expect(configuration.warnings.map(\.description) == [])
    }

    @Test func `every key of the code is in the reference`() throws {
        let tree = SourceTree(
            [ConfigurationSource(name: file, text: try completeText())], environment: EnvironmentVariables([:]))
        let known = ConfigurationReading(tree, environment: [:]).context.knownKeys.filter { !$0.hasPrefix("kafka.") }
        let document = try YAMLParser.parse(try completeText(), file: file)

        let documented = Self.patterns(of: document, at: KeyLocation(), known)

        #expect(known.subtracting(documented).sorted() == [])
        #expect(known.count > 150)
    }

    /// Whatever is done to a file, it loads or its problems are named: nothing traps.
    @Test func `a damaged reference loads or throws`() throws {
        let lines = try completeText().split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
        var random = SeededGenerator(seed: 7)
        for _ in 0..<300 {
            var damaged = lines
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: damaged.remove(at: index)
                case 1: damaged[index] = damaged[index].prefix(Int.random(in: 0...damaged[index].count, using: &random))
                case 2: damaged[index] = "  " + damaged[index]
                default: damaged.swapAt(index, Int.random(in: 0..<damaged.count, using: &random))
                }
            }
            if let loaded = try? load(damaged.joined(separator: "\n")) { _ = ConfigurationReport(loaded).text }
        }
    }

    private static func patterns(of node: YAMLNode, at location: KeyLocation, _ known: Set<String>) -> Set<String> {
        switch node.content {
        case .scalar: return [location.pattern]
        case .sequence(let elements):
            let below = elements.map { patterns(of: $0, at: location.element(0), known) }
            return below.reduce([location.pattern]) { $0.union($1) }
        case .mapping(let entries):
            let below = entries.map { entry in
                let fixed = location.key(entry.key)
                return patterns(
                    of: entry.value, at: known.contains(fixed.pattern) ? fixed : location.entry(entry.key), known)
            }
            return below.reduce([location.pattern]) { $0.union($1) }
        }
    }

    @Test func `the production start loads without a single variable and without a warning but its missing models`()
        throws
    {
        let configuration = try ServiceConfiguration.load(
            files: [RepositoryFiles.path("config/relay.yaml")], environment: [:])

        #expect(configuration.warnings.map(\.key) == ["model_list"])
        #expect(configuration.relay.requestTopics == ["chat.requests"])
        #expect(configuration.relay.partitionConcurrency == 256)
        #expect(throws: Never.self) { try configuration.requireBrokers() }
    }
}

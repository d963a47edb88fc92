import Configuration
import Foundation
import Testing

/// Several files, and files that include others; on real files in a folder of the test's own.
@Suite struct SourceTreeTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("relay-\(UUID().uuidString)").path

        init(_ files: [String: String]) throws {
            for (name, text) in files {
                let file = "\(path)/\(name)"
                let parent = file[..<(file.lastIndex(of: "/") ?? file.endIndex)]
                try FileManager.default.createDirectory(atPath: String(parent), withIntermediateDirectories: true)
                try text.write(toFile: file, atomically: false, encoding: .utf8)
            }
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func load(_ names: String...) throws(ConfigurationErrors) -> ServiceConfiguration {
            try ServiceConfiguration.load(files: names.map { "\(path)/\($0)" }, environment: [:])
        }

        /// What is wrong, without the folder's name.
        func problems(_ names: String...) -> [String] {
            do {
                _ = try ServiceConfiguration.load(files: names.map { "\(path)/\($0)" }, environment: [:])
                return []
            } catch {
                return error.problems.map { $0.description.replacingOccurrences(of: path + "/", with: "") }
            }
        }
    }

    private static let model = "model_list:\n  - {model_name: NAME, litellm_params: {model: bedrock/x.y}}\n"
    private func model(_ name: String) -> String { Self.model.replacingOccurrences(of: "NAME", with: name) }

    @Test func `a deployment's region is its AWS profile's where nothing else tells one`() throws {
        let folder = try Folder([
            "aws": "[profile p]\nregion = eu-central-1\n[default]\nregion = eu-west-3\n",
            "a.yaml": """
            model_list:
              - {model_name: a, litellm_params: {model: bedrock/x.y, aws_profile_name: p}}
              - {model_name: b, litellm_params: {model: bedrock/x.y}}
              - {model_name: c, litellm_params: {model: bedrock/x.y, aws_region_name: us-east-1}}
            """,
        ])
        let read = try ServiceConfiguration.load(
            files: ["\(folder.path)/a.yaml"], environment: ["AWS_CONFIG_FILE": "\(folder.path)/aws"])
        #expect(read.deployments.map(\.region) == ["eu-central-1", "eu-west-3", "us-east-1"])
    }

    @Test func `later files win: mappings merge, lists are replaced`() throws {
        let folder = try Folder([
            "a.yaml": model("a") + "relay: {reply_topic: r1, max_in_flight: 7}\nkafka: {group.id: g1, client.id: c}\n",
            "b.yaml": model("b") + "relay: {reply_topic: r2}\nkafka: {group.id: g2}\n",
        ])

        let configuration = try folder.load("a.yaml", "b.yaml")

        #expect(configuration.deployments.map(\.group) == ["b"])
        #expect(configuration.relay.replyTopic == "r2")
        #expect(configuration.relay.maxInFlight == 7)
        #expect(configuration.kafka.properties.map { $0.value.reveal() } == ["g2", "c"])
    }

    @Test func `a section that is empty in a later file takes nothing away`() throws {
        let folder = try Folder([
            "a.yaml": model("a") + "relay: {reply_topic: r1}\nrouter_settings: {num_retries: 7}\n",
            "b.yaml": "relay:\nrouter_settings:\n",
        ])
        let configuration = try folder.load("a.yaml", "b.yaml")
        #expect(configuration.relay.replyTopic == "r1")
        #expect(configuration.router.numRetries == 7)
    }

    @Test func `a merged value names the file it came from`() throws {
        let folder = try Folder(["a.yaml": "relay:\n  ordering: x\n", "b.yaml": "\nrelay:\n  log_level: y\n"])
        let problems = folder.problems("a.yaml", "b.yaml")
        #expect(
            problems.map { $0.prefix { $0 != "\"" } } == ["a.yaml:2: relay.ordering: ", "b.yaml:3: relay.log_level: "])
    }

    @Test func `a value that a later file replaces needs no variable`() throws {
        let folder = try Folder(["a.yaml": "relay: {reply_topic: $UNSET}", "b.yaml": "relay: {reply_topic: r}"])
        #expect(try folder.load("a.yaml", "b.yaml").relay.replyTopic == "r")
    }

    @Test func `included lists are appended, included keys win, paths start at the including file`() throws {
        let folder = try Folder([
            "main.yaml": "include: [sub/one.yaml, ./two.yaml]\n" + model("main")
                + "relay: {reply_topic: r1, max_in_flight: 7}\n",
            "sub/one.yaml": "include: [deeper/three.yaml]\n" + model("one"),
            "sub/deeper/three.yaml": model("three"),
            "two.yaml": "relay: {reply_topic: r2}\n",
        ])

        let configuration = try folder.load("main.yaml")

        #expect(configuration.deployments.map(\.group) == ["main", "one", "three"])
        #expect(configuration.relay.replyTopic == "r2")
        #expect(configuration.relay.maxInFlight == 7)
        #expect(
            configuration.files.map { $0.split(separator: "/").last } == [
                "main.yaml", "one.yaml", "three.yaml", "two.yaml",
            ])
    }

    @Test func `a file that includes itself is an error, one that is included twice is not`() throws {
        let folder = try Folder([
            "a.yaml": "include: [b.yaml]\n", "b.yaml": "relay: {}\ninclude:\n  - ./a.yaml\n",
            "sub/d.yaml": "include: [../sub/../sub/d.yaml]\n", "variable.yaml": "include: [\"${UNSET:-c}.yaml\"]\n",
            "twice.yaml": "include: [c.yaml, c.yaml]\n", "c.yaml": "relay: {reply_topic: r}\n",
        ])
        #expect(folder.problems("a.yaml") == ["b.yaml:3: include: a.yaml includes itself: a.yaml > b.yaml > a.yaml"])
        #expect(
            folder.problems("sub/d.yaml") == [
                "sub/d.yaml:1: include: sub/d.yaml includes itself: sub/d.yaml > sub/d.yaml"
            ])
        #expect(folder.problems("twice.yaml").isEmpty)
        #expect(try folder.load("variable.yaml").relay.replyTopic == "r")
    }

    @Test func `files that cannot be read are all named`() throws {
        let folder = try Folder(["a.yaml": "include: [none.yaml]\n"])
        #expect(
            folder.problems("x.yaml", "a.yaml", "y.yaml") == [
                "x.yaml: cannot be read, expected a YAML file", "y.yaml: cannot be read, expected a YAML file",
                "a.yaml:1: include: none.yaml cannot be read, expected a YAML file",
            ])
        #expect(folder.problems("a.yaml") == ["a.yaml:1: include: none.yaml cannot be read, expected a YAML file"])
    }

    @Test func `every file that is not YAML is reported`() throws {
        let folder = try Folder(["a.yaml": "a: b: c\n", "b.yaml": "- 1\n", "c.yaml": "x: 1\nx: 2\n"])
        #expect(
            folder.problems("a.yaml", "b.yaml", "c.yaml") == [
                "a.yaml:1: not valid YAML: mapping values are not allowed in this context",
                "b.yaml:1: expected a mapping of sections (model_list, router_settings, kafka, relay ...)",
                "c.yaml:2: key \"x\" is given twice, first in line 1",
            ])
    }

    @Test func `JSON with only LiteLLM's sections loads`() throws {
        let text =
            #"{"model_list":[{"model_name":"a","litellm_params":{"model":"bedrock/x.y"}}],"router_settings":{"num_retries":0}}"#
        let configuration = try load(text)
        #expect(configuration.router.numRetries == 0)
        #expect(configuration.warnings.isEmpty)
    }
}

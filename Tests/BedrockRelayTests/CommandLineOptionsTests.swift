import Testing

@testable import BedrockRelay

@Suite struct CommandLineOptionsTests {
    @Test func `run and check take one configuration or more, in order`() throws {
        #expect(try CommandLineOptions(["run", "--config", "a", "-c", "b"]) == .run(configurations: ["a", "b"]))
        #expect(try CommandLineOptions(["check", "--config=a"]) == .check(configurations: ["a"]))
    }

    @Test func `request takes a text, or a raw body`() throws {
        guard case .request(let text) = try CommandLineOptions(["request", "-c", "a", "--model", "m", "Hello", "you"])
        else { return #expect(Bool(false), "not a request") }
        #expect(text.text == "Hello you")
        #expect(text.model == "m")
        guard
            case .request(let body) = try CommandLineOptions(["request", "-c", "a", "--body", "f", "--timeout", "1.5"])
        else { return #expect(Bool(false), "not a request") }
        #expect(body.body == .file("f"))
        #expect(body.timeout == .seconds(1.5))
    }

    @Test func `redrive takes a limit, error types and a dry run`() throws {
        #expect(try CommandLineOptions(["redrive", "-c", "a"]) == .redrive(.init(configurations: ["a"])))
        let options = try CommandLineOptions([
            "redrive", "--config=a", "--limit", "7", "--error-type", "server_error", "--error-type=timeout_error",
            "--max-redrives", "2", "--dry-run",
        ])
        #expect(
            options
                == .redrive(
                    .init(
                        configurations: ["a"], limit: 7, errorTypes: ["server_error", "timeout_error"], maxRedrives: 2,
                        isDryRun: true)))
    }

    @Test(arguments: [
        ["redrive", "-c", "a", "--dry-run=false"], ["request", "-c", "a", "--stream=false", "hello"],
        ["request", "-c", "a", "--json=file"],
    ])
    func `a flag takes no value`(arguments: [String]) {
        let error = #expect(throws: CommandLineError.self) { try CommandLineOptions(arguments) }
        #expect(error?.message.hasSuffix(" takes no value") == true)
    }

    @Test func `words after two dashes are text, whatever they look like`() throws {
        guard case .request(let options) = try CommandLineOptions(["request", "-c", "a", "--", "--json"])
        else { return #expect(Bool(false), "not a request") }
        #expect(options.text == "--json")
    }

    @Test(arguments: HelpTopic.allCases.filter { $0 != .overview })
    func `every command explains itself`(topic: HelpTopic) throws {
        #expect(try CommandLineOptions([topic.rawValue, "--help"]) == .help(topic))
        #expect(topic.text.contains("usage: bedrock-relay \(topic.rawValue)"))
    }

    @Test(
        arguments: [
            ([], "no command given"), (["chek"], "did you mean \"check\"?"), (["run"], "run needs --config FILE"),
            (["run", "--config"], "--config needs a value"), (["run", "--confg", "a"], "did you mean \"--config\"?"),
            (["demo", "--route", "fallback"], "did you mean \"fallbacks\"?"), (["request", "Hello"], "needs --config"),
            (["request", "-c", "a"], "needs a TEXT"),
            (["request", "-c", "a", "--json", "Hello"], "exclude each other"),
            (["request", "-c", "a", "--json", "-m", "x"], "exclude each other"),
            (["request", "-c", "a", "--timeout", "soon", "x"], "needs seconds"),
            (["request", "-c", "a", "--stream", "--json"], "exclude each other"),
            (["redrive", "--limit", "1"], "redrive needs --config FILE"),
            (["redrive", "-c", "a", "--limit", "0"], "needs a whole number above 0"),
            (["redrive", "-c", "a", "--max-redrives", "x"], "needs a whole number above 0"),
            (["redrive", "-c", "a", "--dryrun"], "did you mean \"--dry-run\"?"),
        ] as [([String], String)])
    func `what cannot be understood is named, with what to do`(arguments: [String], message: String) {
        let error = #expect(throws: CommandLineError.self) { try CommandLineOptions(arguments) }
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }
}

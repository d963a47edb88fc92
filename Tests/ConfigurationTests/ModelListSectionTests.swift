import Bedrock
import Configuration
import Routing
import Testing

@Suite struct ModelListSectionTests {
    private func deployment(_ lines: String, environment: [String: String] = [:]) throws -> ServiceConfiguration {
        try load("model_list:\n  - model_name: g\n" + lines, environment: environment)
    }

    private func message(_ lines: String, environment: [String: String] = [:]) -> [String] {
        problems(in: "model_list:\n  - model_name: g\n" + lines, environment: environment)
    }

    @Test func `every routing key of an entry is read`() throws {
        let configuration = try deployment(
            """
                litellm_params:
                  model: bedrock/anthropic.claude-3-haiku-20240307-v1:0
                  weight: 0.5
                  rpm: "10"
                  tpm: 1e3
                  itpm: 1
                  otpm: 2
                  max_parallel_requests: 3
                  order: 4
                  tags: [a, b]
                  tag_regex: ["^t"]
                  timeout: 5
                  request_timeout: 6.5
                  stream_timeout: 7
                  num_retries: 0
                  cooldown_time: 9
                  region_name: eu
                  mock_response: hello
                  input_cost_per_token: 0
                  output_cost_per_token: 1e-6
                model_info:
                  id: d1
                  allowed_fails: 2
                  allowed_fails_policy: {RateLimitErrorAllowedFails: 5}
                  blocked: true
                  max_input_tokens: 100
                  max_tokens: 50
                  supports_response_schema: false
                  cooldown_time: 0
            """)
        let read = configuration.deployments[0]

        #expect(configuration.warnings.isEmpty)
        #expect(read.id == DeploymentID("d1"))
        #expect(read.parameters == .init(requestsPerMinute: 10, tokensPerMinute: 1000))
        #expect(read.weight == 0.5)
        #expect(read.inputTokensPerMinute == 1)
        #expect(read.outputTokensPerMinute == 2)
        #expect(read.maxParallelRequests == 3)
        #expect(read.order == 4)
        #expect(read.tags == ["a", "b"])
        #expect(read.tagPatterns == ["^t"])
        #expect(read.timeout == .seconds(5))
        #expect(read.requestTimeout == .milliseconds(6500))
        #expect(read.streamTimeout == .seconds(7))
        #expect(read.numRetries == 0)
        #expect(read.cooldownTime == .zero)
        #expect(read.regionName == "eu")
        #expect(read.mockResponse == "hello")
        #expect(read.prices == .init(input: 0, output: 1e-6))
        #expect(read.allowedFails == 2)
        #expect(read.allowedFailsPolicy == FailurePolicy(counts: [.rateLimit: 5]))
        #expect(read.isBlocked)
        #expect(read.maxInputTokens == 100)
        #expect(read.maxOutputTokens == 50)
        #expect(read.supportsResponseSchema == false)
    }

    @Test func `a wildcard's models have the catalogue's prices, in the wildcard's region`() throws {
        let deployment = try load(
            "model_list: [{model_name: '*', litellm_params: {model: 'bedrock/*', aws_region_name: us-east-1}}]"
        ).deployments[0]
        #expect(deployment.prices == nil)
        #expect(
            deployment.prices(of: "anthropic.claude-3-haiku-20240307-v1:0") == .init(input: 0.25e-6, output: 1.25e-6))
        #expect(
            deployment.prices(of: "us.anthropic.claude-3-haiku-20240307-v1:0") == .init(input: 0.25e-6, output: 1.25e-6)
        )
        #expect(deployment.prices(of: "nobody.knows") == nil)
    }

    @Test func `a deployment's own limit of an answer is kept beside the model's`() throws {
        let deployments = try load(
            """
            model_list:
              - {model_name: g, litellm_params: {model: bedrock/x.y, max_tokens: 200}, model_info: {max_tokens: 4000}}
              - {model_name: g, litellm_params: {model: bedrock/x.z}}
            router_settings: {default_litellm_params: {max_completion_tokens: 300}}
            """
        ).deployments
        #expect(deployments.map(\.defaultOutputTokens) == [200, 300])
        #expect(deployments.map(\.maxOutputTokens) == [4000, nil])
    }

    @Test func `limits come from the entry, then litellm_params, then model_info`() throws {
        let limits = try load(
            """
            model_list:
              - {model_name: g, rpm: 1, litellm_params: {model: bedrock/x.y, rpm: 2, tpm: 3}, model_info: {rpm: 4, tpm: 5}}
              - {model_name: g, litellm_params: {model: bedrock/x.z}, model_info: {rpm: 4, order: 2}}
            """
        ).deployments

        #expect(limits[0].limits == .init(requestsPerMinute: 1, tokensPerMinute: 3))
        #expect(limits[0].parameters == .init(requestsPerMinute: 2, tokensPerMinute: 3))
        #expect(limits[1].limits == .init(requestsPerMinute: 4))
        #expect(limits[1].parameters == .init())
        #expect(limits[1].order == 2)
    }

    @Test func `every Bedrock key of an entry is read`() throws {
        let configuration = try load(
            """
            litellm_settings: {drop_params: true}
            model_list:
              - model_name: g
                litellm_params:
                  model: x.y
                  custom_llm_provider: bedrock
                  model_id: arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc
                  aws_access_key_id: AKIA
                  aws_secret_access_key: $SECRET
                  aws_session_token: token
                  aws_session_name: name
                  aws_profile_name: profile
                  aws_role_name: role
                  aws_web_identity_token: oidc/env/X
                  aws_sts_endpoint: https://sts
                  aws_external_id: external
                  aws_session_tags: [{Key: team, Value: $SECRET}, {Key: empty, Value: ""}]
                  aws_bedrock_runtime_endpoint: http://127.0.0.1:1
                  api_base: https://base
                  api_key: ${KEY:-}
              - model_name: g
                litellm_params: {model: bedrock/x.y, drop_params: false}
            """, environment: ["SECRET": "pa$$word"])
        let read = configuration.bedrockDeployments[0]

        #expect(read.model == "bedrock/x.y")
        #expect(read.modelID == "arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc")
        #expect(read.accessKeyID == "AKIA")
        #expect(read.secretAccessKey?.reveal() == "pa$$word")
        #expect(read.sessionToken?.reveal() == "token")
        #expect(read.sessionName == "name")
        #expect(read.profileName == "profile")
        #expect(read.roleName == "role")
        #expect(read.webIdentityToken?.reveal() == "oidc/env/X")
        #expect(read.stsEndpoint == "https://sts")
        #expect(read.externalID?.reveal() == "external")
        #expect(
            read.sessionTags == [SessionTag(key: "team", value: "pa$$word"), SessionTag(key: "empty", value: "")])
        #expect(read.runtimeEndpoint == "http://127.0.0.1:1")
        #expect(read.apiBase == "https://base")
        #expect(read.apiKey == nil)
        #expect(configuration.bedrockDeployments.map(\.dropsUnsupportedParameters) == [true, false])
        #expect(configuration.deployments[0].region == "eu-west-1")
        #expect(configuration.deployments[0].account == "role:role")
    }

    @Test(
        arguments: [
            ("api_key: secret", [:], "bearer:2bb80d537b1d"),
            (
                "aws_access_key_id: AKIA, aws_secret_access_key: s", ["AWS_BEARER_TOKEN_BEDROCK": "t"],
                "bearer:environment"
            ),
            ("aws_role_name: r, aws_profile_name: p", [:], "role:r"), ("aws_profile_name: p", [:], "profile:p"),
            ("aws_access_key_id: AKIA, aws_secret_access_key: s", [:], "key:AKIA"), ("order: 1", [:], "ambient"),
            ("order: 1", ["AWS_ROLE_NAME": "r"], "role:r"),
        ] as [(String, [String: String], String)])
    func `the account is named by what credentials are chosen, never by a secret`(
        _ parameters: String, _ environment: [String: String], _ account: String
    ) throws {
        let read = try deployment("    litellm_params: {model: bedrock/x.y, \(parameters)}", environment: environment)
        #expect(read.deployments[0].account == account)
    }

    @Test func `ids stay the same, and change with every parameter`() throws {
        let id = { (parameters: String, environment: [String: String]) in
            try deployment("    litellm_params: {\(parameters)}", environment: environment).deployments[0].id.rawValue
        }
        let base = try id("model: bedrock/x.y, tags: [a]", [:])
        #expect(base.utf8.count == 64)
        #expect(try id("tags: [a], model: bedrock/x.y", [:]) == base)
        #expect(try id("model: bedrock/x.y, tags: [a, b]", [:]) != base)
        #expect(try id("model: bedrock/x.y, tags: [a], temperature: 1", [:]) != base)
        let region = "model: bedrock/x.y, aws_region_name: $R"
        #expect(try id(region, ["R": "us-east-1"]) != id(region, ["R": "us-east-2"]))
        let key = "model: bedrock/x.y, api_key: $K"
        #expect(try id(key, ["K": "first"]) == id(key, ["K": "rotated"]))
    }

    @Test func `equal entries both count, an id given twice is an error`() throws {
        let entry = "  - {model_name: g, litellm_params: {model: bedrock/x.y}}\n"
        let twice = try load("model_list:\n" + entry + entry)
        #expect(twice.deployments[1].id.rawValue == twice.deployments[0].id.rawValue + "-2")
        #expect(twice.deployments.map(\.id) == twice.bedrockDeployments.map(\.id))
        #expect(
            twice.warnings.map(\.description) == [
                "test.yaml:3: model_list[1]: is the same deployment as the one in line 2"
            ])

        let named = "  - {model_name: g, litellm_params: {model: bedrock/x.y}, model_info: {id: d}}\n"
        #expect(
            problems(in: "model_list:\n" + named + named) == [
                "test.yaml:3: model_list[1].model_info.id: \"d\" is the id of the deployment in line 2 as well, expected another id"
            ])
    }

    @Test(arguments: [
        (
            "    litellm_params: {model: openai/gpt-4o}",
            "model: \"openai/gpt-4o\" is not a Bedrock model, expected bedrock/<model id>"
        ),
        (
            "    litellm_params: {model: bedrock/agent/x}",
            "model: route \"agent/\" is not supported, expected bedrock/[converse/]<model id>"
        ),
        ("    litellm_params: {rpm: 1}", "model: is missing, and is required"),
        (
            "    litellm_params: {model: bedrock/x.y, rpm: -1}",
            "rpm: \"-1\" is not valid, expected a whole number of at least 0"
        ),
        (
            "    litellm_params: {model: bedrock/x.y, aws_region_name: US East}",
            "aws_region_name: \"US East\" is not valid, expected an AWS region such as us-east-1"
        ),
        (
            "    litellm_params: {model: bedrock/x.y, api_base: example.com}",
            "api_base: \"example.com\" is not valid, expected a URL that begins with https:// or http://"
        ),
        (
            "    litellm_params: {model: bedrock/x.y, tag_regex: '('}",
            "tag_regex: \"(\" is not valid, expected a regular expression"
        ),
        (
            "    litellm_params: {model: bedrock/x.y, api_key: $KEY}",
            "api_key: environment variable KEY is not set, expected it in the environment or a default as in ${KEY:-default} (a literal dollar is written $$)"
        ),
    ])
    func `a wrong parameter is an error at its line`(_ lines: String, _ expected: String) {
        #expect(message(lines) == ["test.yaml:3: model_list[0].litellm_params.\(expected)"])
    }

    @Test func `all problems are reported at once`() {
        #expect(
            problems(
                in:
                    "model_list:\n  - litellm_params: {model: x}\n    rpm: many\n  - {model_name: g}\nrelay: {x: 1, ordering: 2}"
            ).map {
                $0.split(separator: ":").dropFirst().prefix(2).joined(separator: ":")
            } == [
                "2: model_list[0].model_name", "2: model_list[0].litellm_params.model", "3: model_list[0].rpm",
                "4: model_list[1].litellm_params.model", "5: relay.ordering", "5: relay.x",
            ])
        #expect(problems(in: "model_list: {a: 1}") == ["test.yaml:1: model_list: expected a list of deployments"])
        #expect(
            problems(in: "model_list: [1]") == [
                "test.yaml:1: model_list[0]: expected a mapping",
                "test.yaml:1: model_list[0].model_name: is missing, and is required",
                "test.yaml:1: model_list[0].litellm_params.model: is missing, and is required",
            ])
    }

    @Test(
        arguments: [
            ("bedrock/invalid", [:], []),
            ("bedrock/invoke/x.y", [:], ["model: route \"invoke/\" is served through Converse"]),
            (
                "bedrock/eu-west-1/x.y, aws_region_name: us-east-1", [:],
                ["aws_region_name: us-east-1 is used, although the model names eu-west-1"]
            ),
            (
                "bedrock/x.y, aws_access_key_id: A, aws_secret_access_key: S", ["AWS_BEARER_TOKEN_BEDROCK": "t"],
                ["aws_access_key_id: is not used: AWS_BEARER_TOKEN_BEDROCK in the environment wins, as in LiteLLM"]
            ),
            (
                "bedrock/x.y, max_paralel_requests: 1", [:],
                ["max_paralel_requests: is not a known key and has no effect; did you mean max_parallel_requests?"]
            ),
            ("bedrock/x.y, seed: 1", [:], ["seed: is not a known key and has no effect"]),
            (
                "bedrock/x.y, aws_session_tags: [{Key: team, Value: a}]", [:],
                ["aws_session_tags: has no effect without aws_role_name"]
            ),
            (
                "bedrock/x.y, aws_role_name: r, aws_session_name: me, aws_session_tags: [{Key: team, Value: a}]",
                ["AWS_WEB_IDENTITY_TOKEN": "oidc/env/X"],
                ["aws_session_tags: has no effect with aws_web_identity_token: the token has the tags"]
            ),
        ] as [(String, [String: String], [String])])
    func `what surprises is warned about by name`(
        _ parameters: String, _ environment: [String: String], _ expected: [String]
    ) throws {
        let read = try deployment("    litellm_params: {model: \(parameters)}", environment: environment)
        #expect(read.warnings.map(\.description) == expected.map { "test.yaml:3: model_list[0].litellm_params.\($0)" })
    }

    @Test func `a deployment's own body parameters win over the default ones`() throws {
        let configuration = try ServiceConfiguration.load(
            sources: [
                ConfigurationSource(
                    name: "test.yaml",
                    text: """
                        model_list:
                          - model_name: g
                            litellm_params: {model: bedrock/x.y, temperature: 0.2, max_tokens: 100, stop: [a]}
                          - {model_name: g, litellm_params: {model: bedrock/x.z}}
                        router_settings:
                          default_litellm_params: {temperature: 1, max_completion_tokens: 7, top_p: 0.5}
                        """)
            ], environment: [:])
        let texts = configuration.bedrockDeployments.map { String(decoding: $0.defaultParameters ?? [], as: UTF8.self) }
        #expect(texts[0] == #"{"temperature":0.2,"max_tokens":100,"stop":["a"],"top_p":0.5}"#)
        #expect(texts[1] == #"{"temperature":1,"max_completion_tokens":7,"top_p":0.5}"#)
    }

    @Test func `body parameters may be numbers in quotes or variables, and text stays text`() throws {
        let configuration = try ServiceConfiguration.load(
            sources: [
                ConfigurationSource(
                    name: "test.yaml",
                    text: """
                        model_list:
                          - model_name: g
                            litellm_params: {model: bedrock/x.y, temperature: $T, max_tokens: "${M:-100}", stop: [$T]}
                        router_settings:
                          default_litellm_params: {top_p: os.environ/T, parallel_tool_calls: "false", user: $T}
                        """)
            ], environment: ["T": "0.25"])
        let text = configuration.bedrockDeployments.first.map {
            String(decoding: $0.defaultParameters ?? [], as: UTF8.self)
        }
        #expect(
            text
                == #"{"temperature":0.25,"max_tokens":100,"stop":["0.25"],"top_p":0.25,"parallel_tool_calls":false,"user":"0.25"}"#
        )
    }

    @Test func `a problem with a default parameter is where that is written`() throws {
        let configuration = try load(
            """
            model_list: [{model_name: g, litellm_params: {model: bedrock/x.y, top_p: 1}}]
            router_settings:
              default_litellm_params:
                temperature: hot
            """)
        #expect(
            configuration.problem(inDeployment: 0, key: "temperature", "is bad").description
                == "test.yaml:4: router_settings.default_litellm_params.temperature: is bad")
        #expect(
            configuration.problem(inDeployment: 0, key: "top_p", "is bad").description
                == "test.yaml:1: model_list[0].litellm_params.top_p: is bad")
    }

    @Test func `a provider's problem is given its file and line`() throws {
        let configuration = try deployment("    litellm_params:\n      model: bedrock/x.y\n      api_key: k")
        #expect(
            configuration.problem(inDeployment: 0, key: "api_key", "is bad").description
                == "test.yaml:5: model_list[0].litellm_params.api_key: is bad")
        #expect(
            configuration.problem(inDeployment: 0, key: "AWS_PROFILE", "is bad").description
                == "test.yaml:4: model_list[0].litellm_params: AWS_PROFILE: is bad")
    }
}

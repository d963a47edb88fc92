import Configuration
import Testing

@Suite struct ConfigurationReportTests {
    private func report(_ text: String, environment: [String: String] = [:]) throws -> ConfigurationReport {
        ConfigurationReport(try load(text, environment: environment))
    }

    @Test func `what deviates from the general retries, timeouts and cool-downs is listed`() throws {
        let report = try report(
            """
            model_list:
              - model_name: smart
                litellm_params:
                  {model: bedrock/amazon.nova-lite-v1:0, num_retries: 1, timeout: 20, stream_timeout: 5, cooldown_time: 0}
                model_info: {id: smart-1}
            router_settings:
              retry_policy: {RateLimitErrorRetries: 4}
              model_group_retry_policy: {smart: {TimeoutErrorRetries: 0}}
              allowed_fails_policy: {InternalServerErrorAllowedFails: 7}
            """)

        #expect(
            report.text.contains(
                """
                Exceptions
                  what                            of                               value
                  retries                         smart-1                          1
                  timeout per attempt             smart-1                          20 s
                  timeout per attempt, streaming  smart-1                          5 s
                  cool-down                       smart-1                          off
                  retries                         group smart, Timeout             0
                  retries                         all groups, RateLimitError       4
                  allowed failures                all groups, InternalServerError  7

                """), "\(report.text)")
    }

    @Test func `answers that may be long and have no limit are warned of, for the quota they reserve`() throws {
        let model = "bedrock/anthropic.claude-sonnet-4-20250514-v1:0"
        let report = try report(
            """
            model_list:
              - {model_name: open, litellm_params: {model: "\(model)"}}
              - {model_name: limited, litellm_params: {model: "\(model)", max_tokens: 1000}}
              - {model_name: short, litellm_params: {model: bedrock/anthropic.claude-3-haiku-20240307-v1:0}}
            """)

        #expect(
            report.warnings == [
                "model_list: a request to open without max_tokens takes 64000 tokens of its model's quota until it is "
                    + "answered; litellm_params.max_tokens sets a default"
            ])
    }

    @Test func `the table shows what is effective, in columns`() throws {
        let report = try report(
            """
            model_list:
              - model_name: smart
                rpm: 10
                litellm_params: {model: bedrock/amazon.nova-lite-v1:0, aws_region_name: us-east-1, weight: 2}
                model_info: {id: smart-1}
              - model_name: fast
                litellm_params: {model: bedrock/unknown.model}
                model_info: {id: fast-1, blocked: true}
            router_settings:
              fallbacks: [{smart: [fast]}]
              allowed_fails: 2
            relay: {request_deadline: 1.5, admin: null}
            """)

        #expect(
            report.text == """
                Deployments (2 in 2 groups)
                  group  deployment        model                  region     account  rpm  tpm  parallel  weight  order  context  in/out $ per 1M
                  smart  smart-1           amazon.nova-lite-v1:0  us-east-1  ambient  10   -    -         2       -      300000   0.06/0.24
                  fast   fast-1 (blocked)  unknown.model          us-west-2  ambient  -    -    -         -       -      -        unknown

                Routing
                  strategy              simple-shuffle
                  retries               2 per group
                  timeout per attempt   6000 s
                  deadline per request  1.5 s
                  cool-down             5 s after more than 2 failures a minute
                  pre-call checks       off
                  over capacity         wait

                Fallbacks (at most 5 per request)
                  on         group  falls back to
                  any error  smart  fast

                Relay
                  requests from      chat.requests
                  replies to         chat.replies
                  dead letters to    chat.requests.dlq
                  routing events to  chat.routing.metrics
                  in flight          64 per partition, 4096 in all
                  order of replies   unordered
                  admin              off

                Warnings (2)
                  fallbacks: smart falls back to fast, whose deployments are all blocked, which can never help
                  model_list: every deployment of fast is blocked

                """)
    }

    @Test func `fallbacks that go round or cannot help are pointed out`() throws {
        let report = try report(
            """
            model_list:
              - {model_name: a, litellm_params: {model: bedrock/anthropic.claude-3-haiku-20240307-v1:0}}
              - {model_name: b, litellm_params: {model: bedrock/amazon.nova-micro-v1:0}}
              - {model_name: c, litellm_params: {model: bedrock/x.y}}
            router_settings:
              model_group_alias: {nick: a}
              fallbacks: [{a: [b]}, {b: [c]}, {c: [a]}, {a: [c]}, {nick: [a]}]
              context_window_fallbacks: [{a: [b, c]}]
              provider_budget_config: {bedrock: {budget_limit: 1, time_period: 1d}}
            """)

        #expect(
            report.warnings == [
                "fallbacks: a has two lists, only the first one counts",
                "fallbacks: nick falls back to itself, which can never help",
                "fallbacks: a > b > c > a is a cycle; each group is tried once per request",
                "context_window_fallbacks: a (200000 tokens) falls back to b (128000 tokens), which can never help",
                "model_list: the price of x.y (c) is unknown; give input_cost_per_token and output_cost_per_token, "
                    + "or model_info.base_model",
            ])
    }

    @Test func `fallbacks beyond max_fallbacks and cycles through aliases are pointed out`() throws {
        let report = try report(
            """
            model_list:
              - {model_name: a, litellm_params: {model: bedrock/x.a}}
              - {model_name: b, litellm_params: {model: bedrock/x.b}}
            router_settings:
              max_fallbacks: 1
              model_group_alias: {nick: b}
              fallbacks: [{a: [nick, b]}, {b: [a]}]
            """)
        #expect(
            report.warnings == [
                "fallbacks: a > nick > a is a cycle; each group is tried once per request",
                "fallbacks: a never gets as far as b: max_fallbacks is 1",
            ])
    }

    @Test func `neither the report nor a description of the configuration holds a secret`() throws {
        let text = """
            environment_variables: {HIDDEN: sssh-1}
            kafka: {sasl.password: sssh-2, ssl.key.pem: $HIDDEN}
            model_list:
              - model_name: a
                litellm_params:
                  model: bedrock/x.y
                  aws_access_key_id: AKIAEXAMPLE
                  aws_secret_access_key: sssh-3
                  aws_session_token: $TOKEN
                  aws_external_id: sssh-5
              - model_name: a
                litellm_params: {model: bedrock/x.y, api_key: os.environ/HIDDEN}
            """
        let configuration = try load(text, environment: ["TOKEN": "sssh-4"])

        #expect(configuration.bedrockDeployments[0].sessionToken?.reveal() == "sssh-4")
        #expect(configuration.bedrockDeployments[1].apiKey?.reveal() == "sssh-1")
        #expect(configuration.environment["HIDDEN"] == "sssh-1")
        var dumped = ""
        dump(configuration, to: &dumped)
        for shown in [ConfigurationReport(configuration).text, "\(configuration)", dumped] {
            #expect(!shown.contains("sssh"))
        }
        #expect(!ConfigurationReport(configuration).text.contains("AKIAEXAMPLE"))
    }
}

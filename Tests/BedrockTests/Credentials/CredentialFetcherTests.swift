import EventLoop
import HTTP
import Logging
import Processes
import Redaction
import Routing
import TestSupport
import Testing
import Time

@testable import Bedrock

/// Sources against servers on loopback and real files and programs.
@RequestPath
@Suite struct CredentialFetcherTests {
    private static let http = HTTPClient(logger: Logger(level: .error, format: .json) { _ in })
    private let time = ManualTime()
    private let files: TemporaryFolder

    init() throws { files = try TemporaryFolder() }

    private func fetch(
        _ environment: [String: String] = [:], _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) async throws -> FetchedCredentials {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        change(&deployment)
        let provider = try CredentialProvider(
            deployment, region: "us-east-1", environment: environment,
            profiles: SharedProfiles(environment: environment))
        let store = CredentialStore(
            environment: environment, http: Self.http, time: time,
            logger: Logger(level: .error, format: .json) { _ in })
        return try await store.identity(for: provider.source).credentials(within: .seconds(60))
    }

    private func failure(
        _ environment: [String: String] = [:], _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) async throws -> CredentialFailure {
        let error = await #expect(throws: CredentialFailure.self) { _ = try await fetch(environment, change) }
        return try #require(error)
    }

    private static func answer(_ id: String) -> ScriptedServer.Answer {
        .response(
            200,
            body: """
                <R><Credentials><AccessKeyId>\(id)</AccessKeyId><SecretAccessKey>s&amp;</SecretAccessKey>
                <SessionToken>t</SessionToken><Expiration>2026-01-05T11:00:00.5Z</Expiration></Credentials></R>
                """)
    }

    private static func error(_ status: Int, _ code: String) -> ScriptedServer.Answer {
        .response(
            status,
            body:
                "<ErrorResponse><Error><Type>Sender</Type><Code>\(code)</Code><Message>why</Message></Error></ErrorResponse>"
        )
    }

    private static let document =
        #"{"Code":"Success","AccessKeyId":"AKID","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-05T11:00:00Z"}"#

    private let expected = FetchedCredentials(
        credentials: Credentials(accessKeyID: "AKID", secretAccessKey: Secret("s"), sessionToken: Secret("t")),
        expiration: Instant(unixMilliseconds: 1_767_610_800_000))

    // STS.

    private func role(_ server: ScriptedServer, _ deployment: inout BedrockDeployment) {
        deployment.roleName = "arn:aws:iam::1:role/r"
        deployment.sessionName = "me"
        deployment.externalID = Secret("x y")
        deployment.accessKeyID = "AKIDBASE"
        deployment.secretAccessKey = Secret("s")
        deployment.stsEndpoint = server.url
    }

    @Test func `a role is assumed with a signed request`() async throws {
        let server = try ScriptedServer([Self.answer("ASIA")])
        defer { server.stop() }
        let fetched = try await fetch { role(server, &$0) }

        #expect(fetched.credentials.accessKeyID == "ASIA")
        #expect(fetched.credentials.secretAccessKey == Secret("s&"))
        #expect(fetched.expiration == Instant(unixMilliseconds: 1_767_610_800_000))
        let request = try #require(server.requests.first)
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fr&RoleSessionName=me&ExternalId=x%20y"
        )
        #expect(request.headers["authorization"]?.contains("AKIDBASE/20260105/us-east-1/sts/aws4_request") == true)
    }

    @Test func `a role's session gets the tags, by key`() async throws {
        let server = try ScriptedServer([Self.answer("ASIA")])
        defer { server.stop() }
        _ = try await fetch {
            role(server, &$0)
            $0.externalID = nil
            $0.sessionTags = [SessionTag(key: "team", value: "a b"), SessionTag(key: "cost", value: "")]
        }
        #expect(
            String(decoding: try #require(server.requests.first).body, as: UTF8.self).hasSuffix(
                "&RoleSessionName=me&Tags.member.1.Key=cost&Tags.member.1.Value=&Tags.member.2.Key=team&Tags.member.2.Value=a%20b"
            ))
    }

    @Test func `ambient keys of the role are used without the tags only where it may not assume itself`() async throws {
        let caller = ScriptedServer.Answer.response(
            200, body: "<R><Arn>arn:aws:sts::1:assumed-role/r/session</Arn></R>")
        let metadata = try ScriptedServer([.response(200, body: Self.document)])
        defer { metadata.stop() }
        for (answers, key) in [([Self.answer("ASIA")], "ASIA"), ([Self.error(403, "AccessDenied"), caller], "AKID")] {
            let server = try ScriptedServer(answers)
            defer { server.stop() }
            let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.url, "AWS_STS_ENDPOINT": server.url]
            let fetched = try await fetch(environment) {
                $0.roleName = "arn:aws:iam::1:role/r"
                $0.sessionTags = [SessionTag(key: "team", value: "a")]
            }
            #expect(fetched.credentials.accessKeyID == key)
            #expect(server.requests.count == answers.count)
        }
    }

    @Test func `throttling is waited out, a refusal is not`() async throws {
        let busy = try ScriptedServer([Self.error(400, "Throttling"), Self.answer("ASIA")])
        defer { busy.stop() }
        #expect(try await fetch { role(busy, &$0) }.credentials.accessKeyID == "ASIA")

        let refusing = try ScriptedServer([Self.error(403, "AccessDenied")])
        defer { refusing.stop() }
        let failure = try await failure { role(refusing, &$0) }
        #expect(failure.kind == .unavailable)
        #expect(failure.message == "STS AssumeRole: AccessDenied: why")
        #expect(refusing.requests.count == 1)
    }

    @Test func `a refused signature is not quoted`() async throws {
        let server = try ScriptedServer([Self.error(403, "SignatureDoesNotMatch")])
        defer { server.stop() }
        #expect(try await failure { role(server, &$0) }.message == "STS AssumeRole: SignatureDoesNotMatch")
    }

    @Test func `ambient keys that are the role's already are used as they are`() async throws {
        let caller = ScriptedServer.Answer.response(
            200, body: "<R><Arn>arn:aws:sts::1:assumed-role/r/session</Arn></R>")
        let server = try ScriptedServer([caller])
        defer { server.stop() }
        let metadata = try ScriptedServer([.response(200, body: Self.document)])
        defer { metadata.stop() }
        let environment = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": metadata.url, "AWS_STS_ENDPOINT": server.url]

        #expect(try await fetch(environment) { $0.roleName = "arn:aws:iam::1:role/path/r" } == expected)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [
        ("arn:aws:sts::1:assumed-role/r/s", true), ("arn:aws:sts::2:assumed-role/r/s", false),
        ("arn:aws:sts::1:assumed-role/q/s", false), ("arn:aws:iam::1:user/r", false), ("", false),
    ])
    func `a session of a role`(_ caller: String, _ isSession: Bool) {
        #expect(CredentialFetcher.isSession(caller, of: "arn:aws:iam::1:role/path/r") == isSession)
    }

    @Test func `web identity is sent unsigned, and read again when it was refused as expired`() async throws {
        let server = try ScriptedServer([Self.error(400, "ExpiredTokenException"), Self.answer("ASIA")])
        defer { server.stop() }
        let environment = [
            "AWS_WEB_IDENTITY_TOKEN_FILE": try files.write("token", " jwt.a+b\n"), "AWS_STS_ENDPOINT": server.url,
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
        ]
        #expect(try await fetch(environment).credentials.accessKeyID == "ASIA")
        #expect(server.requests.count == 2)
        let request = try #require(server.requests.last)
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(body.hasPrefix("Action=AssumeRoleWithWebIdentity&"))
        #expect(body.contains("&RoleSessionName=litellm-session-1767607200&WebIdentityToken=jwt.a%2Bb"))
        #expect(request.headers["authorization"] == nil)
    }

    // Container.

    @Test func `a container's token is read from its file and sent raw`() async throws {
        let server = try ScriptedServer([.response(500, body: ""), .response(200, body: Self.document)])
        defer { server.stop() }
        let environment = [
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "\(server.url)/v1?x=y", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "unused",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": try files.write("token", "Basic abc\n"),
        ]
        #expect(try await fetch(environment) == expected)
        let request = try #require(server.requests.last)
        #expect(request.requestLine == "GET /v1?x=y HTTP/1.1")
        #expect(request.headers["authorization"] == "Basic abc")
    }

    @Test func `a token with a line break inside is not sent`() async throws {
        let server = try ScriptedServer([.response(200, body: Self.document)])
        defer { server.stop() }
        let failure = try await failure([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\r\nX-Evil: 1",
        ])
        #expect(failure.kind == .unavailable)
        #expect(server.requests.isEmpty)
    }

    // Instance.

    private func instance(_ server: ScriptedServer, _ more: [String: String] = [:]) -> [String: String] {
        ["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.url].merging(more) { $1 }
    }

    @Test func `an instance's role is asked for with a session token`() async throws {
        let server = try ScriptedServer([
            .response(200, body: "session"), .response(200, body: "my-role"), .response(200, body: Self.document),
        ])
        defer { server.stop() }
        #expect(try await fetch(instance(server)) == expected)
        #expect(
            server.requests.map(\.requestLine) == [
                "PUT /latest/api/token HTTP/1.1", "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1",
                "GET /latest/meta-data/iam/security-credentials/my-role HTTP/1.1",
            ])
        #expect(server.requests.first?.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600")
        #expect(server.requests.last?.headers["x-aws-ec2-metadata-token"] == "session")
    }

    @Test(arguments: [403, 404, 405])
    func `version 1 is used where there are no session tokens`(_ status: Int) async throws {
        let server = try ScriptedServer([
            .response(status, body: ""), .response(200, body: "my-role"), .response(200, body: Self.document),
        ])
        defer { server.stop() }
        #expect(try await fetch(instance(server)) == expected)
        #expect(server.requests.last?.headers["x-aws-ec2-metadata-token"] == nil)
    }

    @Test func `version 1 may be switched off`() async throws {
        let server = try ScriptedServer([.response(404, body: "")])
        defer { server.stop() }
        let failure = try await failure(instance(server, ["AWS_EC2_METADATA_V1_DISABLED": "true"]))
        #expect(failure.kind == .missing)
        #expect(server.requests.count == 1)
    }

    @Test func `a refused token request is an error, no reason for version 1`() async throws {
        let server = try ScriptedServer([.response(400, body: "")])
        defer { server.stop() }
        #expect(try await failure(instance(server)).kind == .unavailable)
        #expect(server.requests.count == 1)
    }

    @Test func `an instance without a role has no credentials`() async throws {
        let answers: [[ScriptedServer.Answer]] = [
            [.response(200, body: "t"), .response(404, body: "")],
            [
                .response(200, body: "t"), .response(200, body: "r"),
                .response(200, body: #"{"Code":"Failed","Message":"m"}"#),
            ],
        ]
        for script in answers {
            let server = try ScriptedServer(script)
            defer { server.stop() }
            #expect(try await failure(instance(server)).kind == .missing)
        }
    }

    @Test func `keys that the instance could not renew are kept for a while`() async throws {
        time.advance(by: .seconds(3600))
        let server = try ScriptedServer([
            .response(200, body: "t"), .response(200, body: "r"), .response(200, body: Self.document),
        ])
        defer { server.stop() }
        let expiration = try #require(try await fetch(instance(server)).expiration)
        #expect((Duration.seconds(1020)...Duration.seconds(1500)).contains(expiration.since(time.now)))
    }

    // Files and programs.

    @Test func `a shared file is read again at each refresh`() async throws {
        let environment = try files.environment(
            config: "[profile \"p q\"]\naws_access_key_id=A\naws_secret_access_key=s\n")
        let change = { (deployment: inout BedrockDeployment) in deployment.profileName = "p q" }
        #expect(try await fetch(environment, change).credentials.accessKeyID == "A")
    }

    private func process(_ script: String) throws -> [String: String] {
        let path = try files.write("script", script)
        return try files.environment(
            config: "[default]\ncredential_process = /bin/sh \(path) 'an argument'\n", ["PATH": "/usr/bin:/bin"])
    }

    @Test func `a program's output is read, and what it says on standard error is not`() async throws {
        let environment = try process(
            """
            echo noise >&2
            [ "$1" = 'an argument' ] || exit 9
            echo '{"Version":1,"AccessKeyId":"AKID","SecretAccessKey":"s","SessionToken":"t","Expiration":"2026-01-05T11:00:00Z"}'
            """)
        #expect(try await fetch(environment) == expected)
    }

    @Test(arguments: [
        ("exit 3", "exit code 3"), ("kill -9 $$", "signal 9"), ("echo hush", "not a JSON object"),
        ("echo '{\"Version\":2}'", "Version"), ("echo '{\"Version\":1}'", "no keys"),
    ])
    func `a program that fails is told of without its output`(_ script: String, _ part: String) async throws {
        let failure = try await failure(process(script))
        #expect(failure.kind == .unavailable)
        #expect(failure.message.contains(part) && !failure.message.contains("hush"))
    }

    @Test func `a program that does not end is ended`() {
        let result = ChildProgram.output(
            of: ["/bin/sh", "-c", "sleep 60; :"], environment: [:], timeout: .milliseconds(50))
        #expect(throws: ChildProgram.Failure.self) { try result.get() }
    }

    @Test func `nothing at all is missing`() async throws {
        let failure = try await failure(["AWS_EC2_METADATA_DISABLED": "true"])
        #expect(failure.kind == .missing)
    }
}

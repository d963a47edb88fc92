import Processes
import Redaction
import Routing
import Testing

@testable import Bedrock

@Suite struct CredentialChainTests {
    private let files: TemporaryFolder

    init() throws { files = try TemporaryFolder() }

    private func provider(
        config: String = "", credentials: String = "", _ more: [String: String] = [:],
        _ change: (inout BedrockDeployment) -> Void = { _ in }
    ) throws -> CredentialProvider {
        var deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        change(&deployment)
        let environment = try files.environment(config: config, credentials: credentials, more)
        return try CredentialProvider(
            deployment, region: "eu-west-1", environment: environment,
            profiles: SharedProfiles(environment: environment))
    }

    private static let keyPair = "aws_access_key_id = AKID\naws_secret_access_key = hush\n"

    @Test func `the credentials file comes before a process, and that before the config file's keys`() throws {
        let config = "[default]\ncredential_process = /bin/keys --all\n\(Self.keyPair)"
        let inFile = try provider(config: config, credentials: "[default]\n\(Self.keyPair)")
        guard case .sharedKeys(let keys) = inFile.source else { throw Unexpected(inFile.source) }
        #expect(!keys.isConfigFile)
        let process = try provider(config: config)
        #expect(process.source == .process(CredentialProcess(words: [Secret("/bin/keys"), Secret("--all")])))
        #expect(process.description == "credential_process /bin/keys of profile \"default\"")
        let last = try provider(config: "[default]\n\(Self.keyPair)")
        guard case .sharedKeys(let keys) = last.source else { throw Unexpected(last.source) }
        #expect(keys.isConfigFile)
        #expect(!last.description.contains("hush"))
    }

    @Test func `a role is assumed from another profile, through a chain`() throws {
        let config = """
            [profile app]
            role_arn = arn:aws:iam::1:role/app
            source_profile = hop
            external_id = x
            role_session_name = me@here
            duration_seconds = 1800
            [profile hop]
            role_arn = arn:aws:iam::1:role/hop
            source_profile = base
            """
        let found = try provider(config: config, credentials: "[base]\n\(Self.keyPair)") { $0.profileName = "app" }
        guard case .role(let role) = found.source, case .role(let hop) = role.base,
            case .sharedKeys(let keys) = hop.base
        else { throw Unexpected(found.source) }
        #expect(role.roleARN == "arn:aws:iam::1:role/app")
        #expect(role.externalID == Secret("x"))
        #expect(role.sessionName == "me@here")
        #expect(role.durationSeconds == 1800)
        #expect(role.sts.url == "https://sts.eu-west-1.amazonaws.com/")
        #expect(keys.profile == "base")
    }

    @Test func `a profile may be its own source if it has keys`() throws {
        let config = "[profile a]\nrole_arn = arn:aws:iam::1:role/a\nsource_profile = a\n\(Self.keyPair)"
        let found = try provider(config: config, ["AWS_PROFILE": "a"])
        guard case .role(let role) = found.source, case .sharedKeys = role.base else { throw Unexpected(found.source) }
    }

    @Test(arguments: [
        ("[profile a]\nrole_arn = r\nsource_profile = a", "leads back"),
        ("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nrole_arn = r\nsource_profile = a", "a -> b -> a"),
        ("[profile a]\nrole_arn = r", "needs source_profile"),
        ("[profile a]\nrole_arn = r\nsource_profile = b\ncredential_source = Environment", "exclude"),
        ("[profile a]\nrole_arn = r\nsource_profile = b", "does not exist"),
        ("[profile a]\nrole_arn = r\nsource_profile = b\n[profile b]\nregion = x", "no credentials"),
        ("[profile a]\nrole_arn = r\ncredential_source = Moon", "Moon"),
        ("[profile a]\nrole_arn = r\ncredential_source = Environment", "no keys"),
        ("[profile a]\nrole_arn = r\nsource_profile = b\nmfa_serial = m", "credential_process"),
        ("[profile a]\nsso_session = s", "credential_process"),
        ("[profile a]\ncredential_process = 'open", "quotation"),
        ("[profile a]\nweb_identity_token_file = /t", "role_arn"),
        ("[profile a]\naws_access_key_id = AKID", "whole pair"),
        ("[profile b]", "no profile \"a\""),
        ("nonsense", "config:1"),
    ])
    func `a profile that cannot work is refused at load`(_ config: String, _ part: String) {
        let error = #expect(throws: CredentialError.self) {
            try provider(config: config) { $0.profileName = "a" }
        }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func `a profile named in the configuration leaves the environment's keys and web identity out`() throws {
        let environment = [
            "AWS_PROFILE": "other", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r",
            "AWS_ACCESS_KEY_ID": "AKIDENV", "AWS_SECRET_ACCESS_KEY": "s",
        ]
        let found = try provider(credentials: "[work]\n\(Self.keyPair)", environment) { $0.profileName = "work" }
        guard case .sharedKeys(let keys) = found.source else { throw Unexpected(found.source) }
        #expect(keys.profile == "work")
    }

    @Test func `web identity of the environment comes before a profile's keys`() throws {
        let environment = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/r"]
        let found = try provider(credentials: "[default]\n\(Self.keyPair)", environment)
        guard case .webIdentity(let identity) = found.source else { throw Unexpected(found.source) }
        #expect(identity.token == .file("/t"))
        #expect(!identity.isLimitedToBedrock)
    }

    @Test func `a container's endpoint comes before the instance's`() throws {
        let relative = try provider([
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "https://h/",
        ])
        guard case .container(let endpoint) = relative.source else { throw Unexpected(relative.source) }
        #expect(endpoint.url == "http://169.254.170.2/v2/x")
        guard case .instanceMetadata(let service) = try provider().source else {
            throw Unexpected(try provider().source)
        }
        #expect(service.endpoint == "http://169.254.169.254")
        #expect(try provider(["AWS_EC2_METADATA_DISABLED": "true"]).source == .missing)
    }

    @Test(arguments: [
        ("http://169.254.170.23/v1", true), ("http://[fd00:ec2::23]/v1", true), ("http://localhost:1/x", true),
        ("https://anywhere.example/x?y=z", true), ("http://anywhere.example/x", false),
        ("http://169.254.170.2.example/x", false), ("ftp://127.0.0.1/", false),
    ])
    func `plain http is for this machine and the container services only`(_ url: String, _ isAllowed: Bool) {
        let endpoint = try? ContainerEndpoint(environment: ["AWS_CONTAINER_CREDENTIALS_FULL_URI": url])
        #expect((endpoint != nil) == isAllowed)
    }

    // LiteLLM's choice.

    @Test func `a web identity reference with role and session name is used first`() throws {
        let found = try provider(["TOKEN": "jwt"]) {
            $0.webIdentityToken = Secret("oidc/env/TOKEN")
            $0.roleName = "arn:aws:iam::1:role/r"
            $0.sessionName = "session"
        }
        guard case .webIdentity(let identity) = found.source else { throw Unexpected(found.source) }
        #expect(identity.token == .text(Secret("jwt")))
        #expect(identity.isLimitedToBedrock)
        #expect(identity.durationSeconds == 3600)
    }

    @Test(arguments: [
        ("oidc/file//var/token", WebIdentity.Token.file("/var/token")), ("oidc/env_path/P", .file("/p")),
        ("oidc/google/aud", nil), ("oidc/env/UNSET", nil), ("jwt", nil),
    ])
    func `references to tokens`(_ reference: String, _ token: WebIdentity.Token?) {
        #expect(WebIdentity.Token(reference: reference, environment: ["P": "/p"]) == token)
    }

    @Test func `a role is assumed with the deployment's keys, the pod's identity, or what is there`() throws {
        let role = { (deployment: inout BedrockDeployment) in deployment.roleName = "arn:aws:iam::1:role/r" }
        let withKeys = try provider {
            role(&$0)
            $0.accessKeyID = "AKID"
            $0.secretAccessKey = Secret("s")
        }
        guard case .role(let own) = withKeys.source, case .fixed = own.base else { throw Unexpected(withKeys.source) }
        #expect(!own.isSkippedIfCurrent)
        let pod = ["AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/pod"]
        let inPod = try provider(pod, role)
        guard case .role(let other) = inPod.source, case .webIdentity = other.base else {
            throw Unexpected(inPod.source)
        }
        let same = try provider(pod) { $0.roleName = "arn:aws:iam::1:role/pod" }
        guard case .webIdentity = same.source else { throw Unexpected(same.source) }
        let ambient = try provider([:], role)
        guard case .role(let last) = ambient.source, case .instanceMetadata = last.base else {
            throw Unexpected(ambient.source)
        }
        #expect(last.isSkippedIfCurrent)
        let fromEnvironment = try provider(["AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "s"], role)
        guard case .role(let first) = fromEnvironment.source, case .fixed = first.base else {
            throw Unexpected(fromEnvironment.source)
        }
        #expect(first.isSkippedIfCurrent)
    }

    @Test func `shared files in their usual place need not be within reach, those that are named need`() throws {
        #expect(try SharedProfiles(environment: ["HOME": "/dev/null"]).profile("default") == nil)
        let named = SharedProfiles(environment: ["AWS_CONFIG_FILE": "/dev/null/config"])
        #expect(throws: CredentialError.self) { try named.profile("default") }
    }

    @Test func `a session name that STS would refuse is refused at load`() {
        for name in ["x", "with blank", String(repeating: "x", count: 65), "caf\u{E9}"] {
            let error = #expect(throws: CredentialError.self) {
                try provider {
                    $0.roleName = "arn:aws:iam::1:role/r"
                    $0.sessionName = name
                }
            }
            #expect(error?.key == "aws_session_name")
        }
    }

    @Test func `STS is asked where the parameters say`() throws {
        let url = { (change: (inout BedrockDeployment) -> Void, environment: [String: String]) throws -> STSEndpoint in
            var deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
            change(&deployment)
            return try STSEndpoint(deployment, region: "cn-north-1", environment: environment)
        }
        #expect(try url({ _ in }, [:]).url == "https://sts.cn-north-1.amazonaws.com.cn/")
        let legacy = try url({ _ in }, ["AWS_STS_REGIONAL_ENDPOINTS": "legacy"])
        #expect(legacy.url == "https://sts.amazonaws.com/" && legacy.region == "us-east-1")
        let own = try url({ $0.stsEndpoint = "https://sts.eu-west-3.amazonaws.com" }, ["AWS_STS_ENDPOINT": "http://x"])
        #expect(own.url == "https://sts.eu-west-3.amazonaws.com/" && own.region == "eu-west-3")
        #expect(
            try url({ _ in }, ["AWS_ENDPOINT_URL_STS": "http://localhost:1/base"]).url == "http://localhost:1/base/")
    }

    @Test func `a profile's region is the last resort but one`() throws {
        let environment = try files.environment(
            config: "[profile p]\nregion = ap-south-1\n\(Self.keyPair)", ["AWS_PROFILE": "p"])
        let deployment = BedrockDeployment(id: DeploymentID("d"), model: "bedrock/m.x")
        let targets = try BedrockTargets(deployments: [deployment], environment: environment)
        #expect(try targets.target(at: 0, model: "bedrock/m.x").host == "bedrock-runtime.ap-south-1.amazonaws.com")
    }

    struct Unexpected: Error {
        init(_: CredentialSource) {}
    }
}

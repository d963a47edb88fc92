import Bedrock
import Redaction
import YAML

extension BedrockDeployment {
    /// The `litellm_params` that concern the call to Bedrock.
    mutating func read(_ parameters: SectionReader) {
        parameters.read("model_id", .string, into: &modelID)
        parameters.read("aws_region_name", .region, into: &regionName)
        parameters.read("aws_access_key_id", .string, into: &accessKeyID)
        parameters.read("aws_secret_access_key", .secret, into: &secretAccessKey)
        parameters.read("aws_session_token", .secret, into: &sessionToken)
        parameters.read("aws_session_name", .string, into: &sessionName)
        parameters.read("aws_profile_name", .string, into: &profileName)
        parameters.read("aws_role_name", .string, into: &roleName)
        parameters.read("aws_web_identity_token", .secret, into: &webIdentityToken)
        parameters.read("aws_sts_endpoint", .url, into: &stsEndpoint)
        parameters.read("aws_external_id", .secret, into: &externalID)
        parameters.read("aws_bedrock_runtime_endpoint", .url, into: &runtimeEndpoint)
        parameters.read("api_base", .url, into: &apiBase)
        parameters.read("api_key", .secret, into: &apiKey)
        parameters.read("drop_params", .boolean, into: &dropsUnsupportedParameters)
        parameters.read("aws_session_tags", .list(of: .sessionTag), into: &sessionTags)
    }

    /// Warns where the parameters say two things at once, and LiteLLM's precedence may surprise.
    func warn(about name: BedrockModelString, _ parameters: SectionReader, _ environment: [String: String]) {
        if let route = name.route, route.isReplacedByConverse {
            warn("model", parameters, "route \"\(route.rawValue)/\" is served through Converse")
        }
        if let implied = name.impliedRegion(modelID: modelID), let regionName, implied != regionName {
            warn("aws_region_name", parameters, "\(regionName) is used, although the model names \(implied)")
        }
        warnAboutToken(parameters)
        warnAboutTags(parameters, environment)
        if accessKeyID != nil, apiKey == nil, let token = environment["AWS_BEARER_TOKEN_BEDROCK"], !token.isEmpty {
            warn(
                "aws_access_key_id", parameters,
                "is not used: AWS_BEARER_TOKEN_BEDROCK in the environment wins, as in LiteLLM")
        }
    }

    /// LiteLLM knows more kinds of references to a token; without one of ours calls fail with 401.
    private func warnAboutToken(_ parameters: SectionReader) {
        let prefixes = ["oidc/file/", "oidc/env/", "oidc/env_path/"]
        guard let token = webIdentityToken?.reveal(), !prefixes.contains(where: token.hasPrefix) else { return }
        warn(
            "aws_web_identity_token", parameters,
            "is not supported: expected oidc/file/<path>, oidc/env/<variable> or oidc/env_path/<variable>")
    }

    /// Only the keys that one takes a role with can give its session tags.
    private func warnAboutTags(_ parameters: SectionReader, _ environment: [String: String]) {
        guard !sessionTags.isEmpty else { return }
        let isSet = { (parameter: String?, variable: String) in (parameter ?? environment[variable])?.isEmpty == false }
        if !isSet(roleName, "AWS_ROLE_NAME") {
            warn("aws_session_tags", parameters, "has no effect without aws_role_name")
        } else if isSet(webIdentityToken?.reveal(), "AWS_WEB_IDENTITY_TOKEN"), isSet(sessionName, "AWS_SESSION_NAME") {
            warn("aws_session_tags", parameters, "has no effect with aws_web_identity_token: the token has the tags")
        }
    }

    private func warn(_ key: String, _ parameters: SectionReader, _ message: String) {
        parameters.context.warn(parameters[key] ?? parameters.node, parameters.location.key(key), message)
    }

    /// What tells one account from another without being a secret, by LiteLLM's precedence of credentials.
    func account(in environment: EnvironmentVariables) -> String {
        let variable = { (name: String) -> String? in environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        if let apiKey { return "bearer:" + DeploymentDigest.hexadecimal(of: apiKey.reveal()).prefix(12) }
        if variable("AWS_BEARER_TOKEN_BEDROCK") != nil { return "bearer:environment" }
        if let role = roleName ?? variable("AWS_ROLE_NAME") { return "role:\(role)" }
        if let profile = profileName ?? variable("AWS_PROFILE_NAME") { return "profile:\(profile)" }
        if let accessKeyID, secretAccessKey != nil { return "key:\(accessKeyID)" }
        return "ambient"
    }
}

extension ValueType<SessionTag> {
    /// `{Key: ..., Value: ...}`, as boto3 and LiteLLM have it, within the limits of STS.
    fileprivate static var sessionTag: Self {
        section { section in
            let key = section.required("Key", .string("1 to 128 characters") { 1...128 ~= $0.unicodeScalars.count })
            let value = section.required("Value", .string("at most 256 characters") { $0.unicodeScalars.count <= 256 })
            section.finish(unknownKeys: .areErrors)
            guard let key, let value else { return nil }
            return SessionTag(key: key, value: value)
        }
    }
}

extension ValueType<String> {
    fileprivate static var region: Self {
        string("an AWS region such as us-east-1") { region in
            !region.isEmpty
                && region.utf8.allSatisfy {
                    switch $0 {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    fileprivate static var url: Self {
        string("a URL that begins with https:// or http://") { url in
            ["https://", "http://"].contains { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }
                && !url.contains(where: \.isWhitespace)
        }
    }
}

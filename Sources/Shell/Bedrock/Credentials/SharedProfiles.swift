import Glibc

/// The profiles of the AWS SDKs' shared files: `~/.aws/config` and `~/.aws/credentials`, or where
/// `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say.
struct SharedProfiles: Sendable {
    let credentialsPath: String?
    let configPath: String?
    private var credentials: [String: [String: String]] = [:]
    private var config: [String: [String: String]] = [:]
    /// The nested settings of `[services name]` sections, by that name and service.
    private var services: [String: [String: [String: String]]] = [:]
    /// What keeps a file from being read: an error only for those who need a profile.
    private var problem: CredentialError?

    /// Reads both files. A file that does not exist holds nothing, nor does one in its usual place that is out of reach.
    init(environment: [String: String]) {
        credentialsPath = Self.path("AWS_SHARED_CREDENTIALS_FILE", orHome: ".aws/credentials", environment)
        configPath = Self.path("AWS_CONFIG_FILE", orHome: ".aws/config", environment)
        do throws(CredentialError) {
            let read = { (path: String?, variable: String) throws(CredentialError) in
                try Self.file(at: path, variable, isDefault: environment[variable, default: ""].isEmpty)
            }
            credentials = try read(credentialsPath, "AWS_SHARED_CREDENTIALS_FILE").sections
            let file = try read(configPath, "AWS_CONFIG_FILE")
            for (section, values) in file.sections {
                guard let name = Self.profileName(section) else { continue }
                config[name, default: [:]].merge(values) { $1 }
            }
            for (section, settings) in file.nested {
                if let name = Self.name(section, after: "services") { services[name] = settings }
            }
        } catch {
            problem = error
        }
    }

    /// The profile of this name, the credentials file's values winning over the config file's; nil: no such profile.
    func profile(_ name: String) throws(CredentialError) -> SharedProfile? {
        if let problem { throw problem }
        guard credentials[name] != nil || config[name] != nil else { return nil }
        let values = config[name, default: [:]].merging(credentials[name, default: [:]]) { $1 }
        return SharedProfile(
            name: name, values: values, inCredentialsFile: credentials[name, default: [:]],
            inConfigFile: config[name, default: [:]], services: values["services"].flatMap { services[$0] } ?? [:])
    }

    /// The name that the environment chooses, botocore's order, and the variable it does it with.
    static func chosenName(in environment: [String: String]) -> (name: String, origin: String)? {
        for variable in ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"] {
            if let name = environment[variable], !name.isEmpty { return (name, variable) }
        }
        return nil
    }

    /// The settings that `keys` names, as its file holds them now.
    static func values(of keys: SharedKeys) throws(CredentialError) -> [String: String] {
        var values: [String: String] = [:]
        for (section, found) in try file(at: keys.path, keys.path).sections
        where (keys.isConfigFile ? profileName(section) : section) == keys.profile {
            values.merge(found) { $1 }
        }
        return values
    }

    private static func path(_ variable: String, orHome file: String, _ environment: [String: String]) -> String? {
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 }
        guard let path = environment[variable], !path.isEmpty else { return home.map { "\($0)/\(file)" } }
        guard let home, path == "~" || path.hasPrefix("~/") else { return path }
        return home + path.dropFirst()
    }

    /// `isDefault`: nobody has named the path, so one that cannot be reached holds nothing either.
    private static func file(
        at path: String?, _ variable: String, isDefault: Bool = false
    ) throws(CredentialError) -> INIFile {
        guard let path else { return INIFile() }
        let text: String
        do throws(FileError) {
            text = try SmallFile.text(at: path)
        } catch {
            if error.number == ENOENT || isDefault && [ENOTDIR, EACCES].contains(error.number) { return INIFile() }
            throw CredentialError(key: variable, message: error.description)
        }
        do throws(INIFile.SyntaxError) {
            return try INIFile(parsing: text)
        } catch {
            throw CredentialError(key: variable, message: "\(path):\(error.line): \(error.message)")
        }
    }

    /// `default`, `profile name`, `profile "the name"`; nil for sections of other kinds.
    private static func profileName(_ section: String) -> String? {
        section == "default" ? section : name(section, after: "profile")
    }

    private static func name(_ section: String, after kind: String) -> String? {
        guard let words = CommandWords.split(section), words.count == 2, words[0] == kind else { return nil }
        return words[1]
    }
}

/// One profile's settings.
struct SharedProfile: Sendable {
    var name: String
    /// Of both files.
    var values: [String: String]
    var inCredentialsFile: [String: String]
    var inConfigFile: [String: String]
    /// The settings of the `services` section that it names, by service.
    var services: [String: [String: String]]

    subscript(key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }

    /// Whether it holds keys; half a pair is an error once they are used.
    var hasKeys: Bool { self["aws_access_key_id"] != nil || self["aws_secret_access_key"] != nil }

    var assumesRole: Bool { self["role_arn"] != nil && self["web_identity_token_file"] == nil }
}

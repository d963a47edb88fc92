/// Where the Bedrock runtime of one deployment is: the base of its URLs.
struct Endpoint: Hashable, Sendable {
    enum Scheme: String, CaseIterable, Sendable {
        case http, https

        var defaultPort: Int {
            switch self {
            case .http: 80
            case .https: 443
            }
        }
    }

    var scheme: Scheme
    /// As in the `Host` header, which is signed: lower case, with the port unless it is the scheme's default.
    var host: String
    /// Path prefix without a trailing slash, as sent; often empty.
    var basePath: String

    /// The path of an operation on a model, as sent on the wire and as signed.
    func path(modelID: String, operation: String) -> String {
        "\(basePath)/model/\(PercentEncoding.segment(modelID))/\(operation)"
    }

    func url(path: String) -> String { "\(scheme.rawValue)://\(host)\(path)" }

    /// Whether a bearer token may be sent there: never over an open network.
    var mayCarryBearerToken: Bool { scheme == .https || isLoopback }

    /// The host without its port, and the port.
    var server: (host: String, port: Int) {
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        let port = host.last == "]" ? nil : host.lastIndex(of: ":").flatMap { Int(host[host.index(after: $0)...]) }
        return (String(name), port ?? scheme.defaultPort)
    }

    var isLoopback: Bool {
        let name =
            host.hasPrefix("[") ? String(host.prefix { $0 != "]" }.dropFirst()) : String(host.prefix { $0 != ":" })
        if name == "localhost" || name == "::1" { return true }
        let octets = name.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }
}

/// Why there is no usable endpoint: `key` is the parameter or variable to look at.
struct EndpointError: Error, Hashable, Sendable {
    var key: String
    var message: String
}

extension Endpoint {
    /// Reads `text` as an absolute http or https URL. `key` names where it comes from, for the error.
    init(parsing text: String, key: String) throws(EndpointError) {
        guard let separator = text.firstRange(of: "://"),
            let scheme = Scheme(rawValue: text[..<separator.lowerBound].lowercased())
        else { throw EndpointError(key: key, message: "expected an absolute http:// or https:// URL") }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard let host = Self.hostHeader(authority, scheme) else {
            throw EndpointError(
                key: key, message: "expected a host name or address, and a port at most, after the scheme")
        }
        guard let basePath = Self.basePath(path) else {
            throw EndpointError(
                key: key, message: "the path may hold neither query, fragment, empty or dot segments nor blanks")
        }
        self.init(scheme: scheme, host: host, basePath: basePath)
    }

    private static func hostHeader(_ authority: Substring, _ scheme: Scheme) -> String? {
        let name: Substring
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            name = authority[...end]
            let address = name.dropFirst().dropLast()
            guard !address.isEmpty,
                address.utf8.allSatisfy({ isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") })
            else { return nil }
        } else {
            name = authority.prefix { $0 != ":" }
            guard !name.isEmpty, name.utf8.allSatisfy(isHostByte) else { return nil }
        }
        let rest = authority.dropFirst(name.count)
        if rest.isEmpty { return name.lowercased() }
        guard rest.first == ":", let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return Int(port) == scheme.defaultPort ? name.lowercased() : "\(name.lowercased()):\(port)"
    }

    /// Without trailing slashes: a doubled slash would be another path, and be signed as another one.
    private static func basePath(_ path: Substring) -> String? {
        var path = path
        while path.last == "/" { path.removeLast() }
        if path.isEmpty { return "" }
        let segments = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let areWhole = segments.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        let isPlain = path.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "?") && byte != UInt8(ascii: "#")
        }
        return areWhole && isPlain ? String(path) : nil
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// Which hosts are never reached through a proxy: this machine, and the cloud's metadata services, whose answers
/// (credentials) are meant for this machine alone.
enum ProxyBypass {
    private static let hosts: [StaticString] = ["localhost", "[::1]", "[fd00:ec2::254]", "[fd00:ec2::23]"]
    private static let hostPrefixes: [StaticString] = ["127.", "169.254."]

    static func applies(to url: String) -> Bool {
        var url = url
        return url.withUTF8 { bytes in
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return false }
            let afterScheme = bytes[colon...].dropFirst(3)
            return hosts.contains { isHost($0, of: afterScheme) }
                || hostPrefixes.contains { isPrefix($0, of: afterScheme) }
        }
    }

    private static func isHost(_ host: StaticString, of rest: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        guard isPrefix(host, of: rest) else { return false }
        let next = rest.dropFirst(host.utf8CodeUnitCount).first
        return next == nil || next == UInt8(ascii: ":") || next == UInt8(ascii: "/") || next == UInt8(ascii: "?")
    }

    private static func isPrefix(_ prefix: StaticString, of rest: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        prefix.withUTF8Buffer { rest.starts(with: $0) { $0 | 0x20 == $1 | 0x20 } }
    }
}

import Glibc

/// A listening TCP socket; `AdminLoop`, which it is made for, closes it.
struct Listener {
    let descriptor: CInt
    /// `host:port` as bound: with the real port where 0 was asked for, IPv6 hosts in brackets.
    let address: String

    /// Listens on `host:port`. An empty host means every address, IPv6 and IPv4.
    init(on address: String) throws(AdminServerError) {
        let (host, port) = try Self.split(address)
        let candidates = try AddressList(host: host, port: port, for: address)
        var reason: CInt = 0
        for candidate in candidates.entries {
            let descriptor = Self.bind(candidate)
            if descriptor >= 0 {
                self.descriptor = descriptor
                self.address = Self.boundAddress(of: descriptor)
                return
            }
            reason = errno
        }
        throw AdminServerError(
            kind: .cannotListen, message: "cannot listen on \(address): \(String(cString: strerror(reason)))")
    }

    /// The next waiting client's socket, non-blocking; -1 with errno when there is none.
    func accept() -> CInt {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return client }
        _ = fcntl(client, F_SETFL, fcntl(client, F_GETFL) | O_NONBLOCK)
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return client
    }

    private static func split(_ address: String) throws(AdminServerError) -> (host: String, port: String) {
        guard let colon = address.lastIndex(of: ":") else { throw .notHostAndPort(address) }
        var host = address[..<colon]
        let port = String(address[address.index(after: colon)...])
        guard UInt16(port) != nil else { throw .notHostAndPort(address) }
        if host.hasPrefix("[") && host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .notHostAndPort(address)
        }
        return (String(host), port)
    }

    /// A socket bound to `candidate` and listening; -1 with errno.
    private static func bind(_ candidate: addrinfo) -> CInt {
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(candidate.ai_family, CInt(SOCK_STREAM.rawValue) | flags, 0)
        guard descriptor >= 0 else { return -1 }
        var (on, off): (CInt, CInt) = (1, 0)
        let size = socklen_t(MemoryLayout<CInt>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, size)
        if candidate.ai_family == AF_INET6 {
            // `::` serves IPv4 as well, whatever the system's default is.
            setsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &off, size)
        }
        if Glibc.bind(descriptor, candidate.ai_addr, candidate.ai_addrlen) == 0 && listen(descriptor, 64) == 0 {
            return descriptor
        }
        let reason = errno
        close(descriptor)
        errno = reason
        return -1
    }

    private static func boundAddress(of descriptor: CInt) -> String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: 64)
        var port = [CChar](repeating: 0, count: 8)
        withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = getsockname(descriptor, address, &length)
                _ = getnameinfo(
                    address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
                    NI_NUMERICHOST | NI_NUMERICSERV)
            }
        }
        let name = text(of: host)
        return name.contains(":") ? "[\(name)]:\(text(of: port))" : "\(name):\(text(of: port))"
    }

    private static func text(of buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// Owns what `getaddrinfo` returned.
private struct AddressList: ~Copyable {
    private let first: UnsafeMutablePointer<addrinfo>?

    init(host: String, port: String, for address: String) throws(AdminServerError) {
        var hints = addrinfo()
        hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var result: UnsafeMutablePointer<addrinfo>?
        let failure = getaddrinfo(host.isEmpty ? nil : host, port, &hints, &result)
        guard failure == 0 else {
            throw AdminServerError(
                kind: .unknownHost, message: "cannot listen on \(address): \(String(cString: gai_strerror(failure)))")
        }
        first = result
    }

    deinit { freeaddrinfo(first) }

    /// IPv6's wildcard comes first, since it serves IPv4 too; otherwise the resolver's order holds.
    var entries: [addrinfo] {
        var entries: [addrinfo] = []
        var next = first
        while let entry = next {
            entries.append(entry.pointee)
            next = entry.pointee.ai_next
        }
        guard let wildcard = entries.firstIndex(where: \.isIPv6Wildcard) else { return entries }
        entries.swapAt(0, wildcard)
        return entries
    }
}

extension addrinfo {
    fileprivate var isIPv6Wildcard: Bool {
        guard ai_family == AF_INET6 else { return false }
        return ai_addr.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
            withUnsafeBytes(of: address.pointee.sin6_addr) { $0.allSatisfy { $0 == 0 } }
        }
    }
}

extension AdminServerError {
    fileprivate static func notHostAndPort(_ address: String) -> AdminServerError {
        AdminServerError(
            kind: .invalidAddress,
            message: "cannot listen on \"\(address)\": expected host:port, with an IPv6 host in brackets")
    }
}

import CShims
import Glibc

/// Sockets' system calls.
enum Sockets {
    /// Listens on 127.0.0.1 only: who may connect may also change scripts.
    static func listen(port: Int) throws(SimulatorError) -> Descriptor {
        guard let number = UInt16(exactly: port) else {
            throw SimulatorError(message: "port \(port) is not between 0 and 65535")
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let listener = try Descriptor(socket(AF_INET, type, 0), "no socket")
        set(listener.number, SOL_SOCKET, SO_REUSEADDR, to: Int32(1))
        // Accepted sockets inherit it: answers are written whole, waiting to join packets only delays them.
        set(listener.number, Int32(IPPROTO_TCP), TCP_NODELAY, to: Int32(1))
        // The kernel caps the backlog at net.core.somaxconn.
        guard bind(listener.number, number), Glibc.listen(listener.number, 65_535) == 0 else {
            throw SimulatorError("cannot listen on 127.0.0.1:\(port)")
        }
        return listener
    }

    private static func bind(_ descriptor: Int32, _ port: UInt16) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return Glibc.bind(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }

    /// The port that a listening socket got.
    static func boundPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutableBytes(of: &address) { bytes in
            _ = getsockname(descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, &length)
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func set<Value: BitwiseCopyable>(
        _ descriptor: Int32, _ level: Int32, _ option: Int32, to value: Value
    ) {
        withUnsafeBytes(of: value) { _ = setsockopt(descriptor, level, option, $0.baseAddress, socklen_t($0.count)) }
    }

    /// Closes so that the peer sees a reset instead of an end.
    static func reset(_ descriptor: Int32) {
        set(descriptor, SOL_SOCKET, SO_LINGER, to: linger(l_onoff: 1, l_linger: 0))
        close(descriptor)
    }

    /// Raises the limit on open descriptors as far as this process may.
    static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max
        else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

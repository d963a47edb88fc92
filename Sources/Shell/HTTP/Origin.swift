import EventLoop
import Glibc

/// A scheme, host and port: what is known of the server there, and the shards that talk to it.
///
/// Which protocol a server speaks shows with the first TLS handshake, or else with its first response. Until then it is
/// taken to speak HTTP/2, if it uses TLS; one that does not gets more connections by and by.
@RequestPath
final class Origin {
    enum Spoken {
        case unknown
        case http1
        case http2
    }

    /// `https://host:port`, spelt as in the URLs.
    private let name: [UInt8]
    /// Streams have connections of their own: one that the server is about to close stays until its last stream has ended,
    /// which may take minutes, and counts among those that there may be.
    let isForStreams: Bool
    let isSecure: Bool
    private let settings: HTTPClient.Settings
    private(set) var spoken: Spoken
    /// The first with room serves a request: connections at the front stay warm, shards at the back fall idle and go.
    private(set) var shards: [CurlShard] = []

    init(of url: UnsafeBufferPointer<UInt8>, isForStreams: Bool, settings: HTTPClient.Settings) {
        name = Array(url.prefix(Self.nameLength(in: url)))
        self.isForStreams = isForStreams
        self.settings = settings
        isSecure = name.starts(with: "https:".utf8) { $0 | 0x20 == $1 | 0x20 }
        spoken = isSecure && settings.version == .automatic ? .unknown : .http1
    }

    func serves(_ url: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let text = url.baseAddress, url.count >= name.count, memcmp(text, name, name.count) == 0 else {
            return false
        }
        return url.count == name.count || Self.endsName(url[name.count])
    }

    private static func nameLength(in url: UnsafeBufferPointer<UInt8>) -> Int {
        let afterScheme = url.firstIndex(of: UInt8(ascii: ":")).map { min($0 + 3, url.count) } ?? 0
        return url[afterScheme...].firstIndex(where: endsName) ?? url.count
    }

    private static func endsName(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "/") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "#")
    }
}

// MARK: Shards

extension Origin {
    /// The first shard with room; nil: another one is needed.
    var shardWithRoom: CurlShard? {
        let capacity = shardCapacity
        return shards.first { $0.transfers.count < capacity }
    }

    private var shardCapacity: Int {
        switch spoken {
        case .http1: settings.connectionsPerShard
        case .unknown, .http2: settings.requestsPerMultiplexedShard
        }
    }

    /// How many connections a shard with so many requests may open; zero: as many as it has requests.
    ///
    /// Two more than they need, because connections that the server is about to close count until all they carry has
    /// ended. Not more, because libcurl opens another for each request that finds no stream free.
    func connectionLimit(requests: Int) -> Int {
        switch spoken {
        case .http1: 0
        case .unknown, .http2:
            min(requests / settings.streamsPerConnection + 3, settings.connectionsPerMultiplexedShard)
        }
    }

    /// Up to where that limit may be raised when requests wait for a connection for long.
    var connectionCeiling: Int {
        switch spoken {
        case .http1: 0
        case .unknown: settings.requestsPerMultiplexedShard
        case .http2: settings.connectionsPerMultiplexedShard
        }
    }

    func add(_ shard: CurlShard) {
        shards.append(shard)
        shard.limitConnections(to: connectionLimit(requests: 0))
    }

    /// A handshake or a response has shown what the server speaks. It may be something else than yesterday. Can be called
    /// from within libcurl.
    func learn(_ spoken: Spoken) {
        guard spoken != .unknown, spoken != self.spoken else { return }
        self.spoken = spoken
        for shard in shards { shard.reviseLimit() }
    }

    /// Whether requests wait for the first connection, to see whether they can share it. If it cannot be opened, all that
    /// wait must be told: libcurl would let each try anew, one after the other.
    var mayShareConnections: Bool { spoken != .http1 }

    /// Takes out the shards that `isSpent` tells.
    func removeShards(where isSpent: (CurlShard) -> Bool) -> [CurlShard] {
        let spent = shards.filter(isSpent)
        shards.removeAll { shard in spent.contains { $0 === shard } }
        return spent
    }
}

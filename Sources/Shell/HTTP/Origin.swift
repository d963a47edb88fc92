import EventLoop
import Glibc

/// A scheme, host and port: what is known of the server there, and the shards that talk to it.
///
/// Which protocol a server speaks shows with its first response. Until then a shard is kept so small that one connection
/// can carry all of it, and may open as many connections as it has requests.
@RequestPath
final class Origin {
    enum Spoken {
        case unknown
        case http1
        case http2
    }

    /// `https://host:port`, spelt as in the URLs.
    private let name: [UInt8]
    /// Streams have connections of their own, over HTTP/1.1: who does not read one holds up that connection and nothing
    /// else. Over HTTP/2 the connection's common window would fill, and this generation of libcurl has lost track of paused
    /// streams in several ways.
    let isForStreams: Bool
    private let settings: HTTPClient.Settings
    private(set) var spoken: Spoken
    /// The first with room serves a request: connections at the front stay warm, shards at the back fall idle and go.
    private(set) var shards: [CurlShard] = []

    init(of url: UnsafeBufferPointer<UInt8>, isForStreams: Bool, settings: HTTPClient.Settings) {
        name = Array(url.prefix(Self.nameLength(in: url)))
        self.isForStreams = isForStreams
        self.settings = settings
        let isSecure = name.starts(with: "https:".utf8) { $0 | 0x20 == $1 | 0x20 }
        spoken = isSecure && !isForStreams && settings.version == .automatic ? .unknown : .http1
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
        case .unknown: min(settings.streamsPerConnection, settings.connectionsPerShard)
        case .http1: settings.connectionsPerShard
        case .http2: settings.multiplexedPerShard.requests
        }
    }

    /// How many connections a shard may open; zero: as many as it has requests.
    private var connectionLimit: Int { spoken == .http2 ? settings.multiplexedPerShard.connections : 0 }

    func add(_ shard: CurlShard) {
        shard.limitConnections(to: connectionLimit)
        shards.append(shard)
    }

    /// A response has shown what the server speaks. It may be something else than yesterday.
    func learn(_ spoken: Spoken) {
        guard spoken != self.spoken else { return }
        self.spoken = spoken
        for shard in shards { shard.limitConnections(to: connectionLimit) }
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

import CCurl
import CShims
import EventLoop

/// What the shards share although each has its own connections: resolved names and TLS sessions.
///
/// Without it every shard would resolve each host again and start with full handshakes. All use is on the loop's
/// thread, so no lock functions are needed. Must outlive every easy handle that uses it.
@RequestPath
final class CurlShare {
    private let share: UnsafeMutableRawPointer

    init() {
        guard let share = curl_share_init() else { preconditionFailure("libcurl has no memory for a share") }
        self.share = share
        cshims_share_data(share, CURL_LOCK_DATA_DNS)
        cshims_share_data(share, CURL_LOCK_DATA_SSL_SESSION)
    }

    isolated deinit { curl_share_cleanup(share) }

    func use(for easy: UnsafeMutableRawPointer) { cshims_easy_set_share(easy, share) }
}

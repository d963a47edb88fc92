import Bedrock
import CCurl
import CShims
import EventLoop
import Glibc
import Redaction
import Time

/// Requests through libcurl with as little around it as can be: one thread, one epoll instance, easy handles that are
/// set up once and used again, at most 128 of them in a multi handle. Bodies and headers are always the same bytes.
final class RawHTTPLoad {
    private let plan: LoadPlan
    private let epoll: Int32
    private var shards: [RawShard] = []
    private var events = [epoll_event](repeating: epoll_event(), count: 512)
    /// Handles that wait for their turn when there is a rate.
    private var idle: [(shard: Int, easy: UnsafeMutableRawPointer)] = []
    /// Before the first handle was made: they belong to what requests in flight take.
    private let idleMemory: Int
    private var recorder: LoadRecorder
    private var failure: Unmeasurable?
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let body: UnsafeMutableBufferPointer<UInt8>

    init(url: String, plan: LoadPlan) throws(Unmeasurable) {
        self.plan = plan
        FileDescriptorLimit.raise()
        curl_global_init(Int(CURL_GLOBAL_ALL))
        idleMemory = ProcessMeter(getpid()).resident
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        recorder = LoadRecorder(ProcessMeter(getpid()), plan: plan, now: Clocks.monotonic)
        headers = Self.signedHeaders()
        body = .allocate(capacity: Samples.converseRequest.count)
        _ = body.initialize(from: Samples.converseRequest)
        for number in 0..<plan.inFlight {
            if number % RawShard.capacity == 0 {
                shards.append(try RawShard(number: shards.count, epoll: epoll))
            }
            idle.append((shards.count - 1, try easy(url)))
        }
    }

    private func easy(_ url: String) throws(Unmeasurable) -> UnsafeMutableRawPointer {
        guard let easy = curl_easy_init() else { throw Unmeasurable("libcurl has no memory for a transfer") }
        cshims_easy_set_string(easy, CURLOPT_URL, url)
        cshims_easy_set_string(easy, CURLOPT_NOPROXY, "*")
        cshims_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        cshims_easy_set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        cshims_easy_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
        cshims_easy_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress)
        cshims_easy_set_list(easy, CURLOPT_HTTPHEADER, headers)
        cshims_easy_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384)
        cshims_easy_set_receiver(easy, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        return easy
    }

    /// The fake Bedrock looks at the signature's shape only.
    private static func signedHeaders() -> UnsafeMutablePointer<curl_slist>? {
        let target = SigningTarget(host: "127.0.0.1", path: "/model/\(Samples.modelID)/converse", region: "us-east-1")
        let credentials = Credentials(accessKeyID: "AKIDEXAMPLE", secretAccessKey: Secret("not-a-secret"))
        let lines = SigV4Signer().headers(
            signing: Samples.converseRequest, for: target, with: credentials,
            at: Instant(unixMilliseconds: Clocks.read(CLOCK_REALTIME) / 1_000_000))
        return lines.reduce(nil) { curl_slist_append($0, $1) }
    }

    func run() throws(Unmeasurable) -> LoadResult {
        let start = Clocks.monotonic
        recorder = LoadRecorder(ProcessMeter(getpid()), plan: plan, now: start, idle: idleMemory)
        var started = 0
        while failure == nil {
            let now = Clocks.monotonic
            guard now < recorder.end else { return recorder.result(inFlight: plan.inFlight) }
            recorder.tick(now: now)
            var untilNext: Int64 = 50_000_000
            if let rate = plan.rate {
                let due = start + Int64(Double(started) / rate * 1e9)
                untilNext = max(0, due - now)
                if due <= now, let next = idle.popLast() {
                    started += 1
                    shards[next.shard].start(next.easy)
                }
            } else {
                while let next = idle.popLast() { shards[next.shard].start(next.easy) }
            }
            settle()
            wait(upTo: untilNext)
        }
        throw failure ?? Unmeasurable("http-floor: no reason given")
    }

    /// Until nothing is due any more: completions may appear after any call of libcurl.
    private func settle() {
        let now = Clocks.monotonic
        for shard in shards {
            while shard.runIfDue(now: now) { take(from: shard) }
        }
    }

    private func take(from shard: RawShard) {
        while let (easy, outcome) = shard.nextFinished() {
            let now = Clocks.monotonic
            guard outcome.code == CURLE_OK, outcome.status == 200 else {
                failure = Unmeasurable("http-floor: status \(outcome.status), libcurl code \(outcome.code.rawValue)")
                return
            }
            recorder.recordReply(sentAt: outcome.sentAt, now: now)
            if plan.rate == nil { shard.start(easy) } else { idle.append((shard.number, easy)) }
        }
    }

    private func wait(upTo limit: Int64) {
        let now = Clocks.monotonic
        let next = shards.reduce(now + limit) { min($0, $1.deadline) }
        let count = events.withUnsafeMutableBufferPointer {
            cshims_epoll_wait(epoll, $0.baseAddress, Int32($0.count), max(0, next - now))
        }
        for index in 0..<Int(max(count, 0)) {
            let key = events[index].data.u64
            let shard = shards[Int(key >> 32)]
            shard.socketReady(Int32(truncatingIfNeeded: key), events[index].events)
            take(from: shard)
        }
    }
}

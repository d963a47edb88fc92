import CCurl
import COpenSSL
import CShims
import EventLoop
import Time

/// A reusable easy handle with everything one exchange needs.
///
/// Settings that never change are set once; a request sets what differs. libcurl keeps addresses into this object, so
/// the client holds on to it while `shard` is set.
@RequestPath
final class CurlTransfer {
    typealias Outcome = Result<HTTPResponse, HTTPError>

    /// Names one use of the transfer, so that a late cancellation does not hit the next.
    struct Use: Hashable, Sendable {
        fileprivate var number: UInt64 = 0
    }

    let easy: UnsafeMutableRawPointer
    private let collector: ResponseCollector
    /// The easy handle uses both to its end.
    private let share: CurlShare
    private let sockets: CurlSockets
    private var memory: RequestMemory
    private let errorText: UnsafeMutablePointer<CChar>
    private var method = HTTPRequest.Method.get
    /// Kept, since libcurl does not copy it.
    private var url: HTTPURL?
    private var bodySize = 0
    private static let uploadBufferSize = 16384
    private var bypassesProxy = false
    private var sharesConnection = false

    private(set) var use = Use()
    private var isCancelled = false
    private var isAborted = false
    /// Where the transfer runs; nil when it does not.
    private(set) var shard: CurlShard?
    /// Its place among the shard's transfers; the shard's business.
    var position = 0
    private var startedAt = Instant(nanoseconds: 0)
    /// When the request's own time is up.
    private var deadline = Instant(nanoseconds: 0)
    private var sendings = SendingGuard()
    /// Whether it sets up a connection, or has.
    private var hasConnection = false
    /// What the exchange has cost the network, once it has ended.
    private(set) var traffic: HTTPClient.Traffic?
    private var continuation: UnsafeContinuation<Outcome, Never>?
    /// That of an exchange which ended before anyone waited.
    private var earlyOutcome: Outcome?
    /// Called at the end instead, when the body is read while it comes.
    private var onEnd: (@RequestPath (Outcome) -> Void)?

    init(settings: HTTPClient.Settings, share: CurlShare, sockets: CurlSockets) {
        guard let easy = curl_easy_init() else { preconditionFailure("libcurl has no memory for a transfer") }
        self.easy = easy
        self.share = share
        self.sockets = sockets
        // The user agent goes among the headers: as an option of libcurl it is formatted twice for each request.
        memory = RequestMemory(userAgent: settings.userAgent)
        collector = ResponseCollector(easy: easy, limit: settings.maximumBodySize)
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.pointee = 0
        cshims_easy_set_pointer(easy, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        cshims_easy_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        share.use(for: easy)
        sockets.observe(self)
        apply(settings)
        guardSendings()
        observeLookups()
    }

    isolated deinit {
        precondition(shard == nil, "a transfer outlives its use")
        curl_easy_cleanup(easy)
        errorText.deallocate()
    }

    /// The transfer that `CURLMsg` is about.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer? {
        cshims_easy_private(easy).map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func apply(_ settings: HTTPClient.Settings) {
        cshims_easy_set_long(easy, CURLOPT_NOSIGNAL, 1)
        cshims_easy_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        cshims_easy_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        cshims_easy_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        apply(settings.version)
        // A new look-up may find other servers, and connections spread over those found.
        cshims_easy_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, 60)
        cshims_easy_set_long(easy, CURLOPT_DNS_SHUFFLE_ADDRESSES, 1)
        cshims_easy_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        // Load balancers and NATs forget idle connections silently; half a minute is well below their limits.
        cshims_easy_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        cshims_easy_set_long(easy, CURLOPT_TCP_KEEPIDLE, 30)
        cshims_easy_set_long(easy, CURLOPT_TCP_KEEPINTVL, 30)
        cshims_easy_set_long(easy, CURLOPT_MAXAGE_CONN, max(1, Int(settings.idleTimeout.inSeconds)))
        cshims_easy_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, settings.connectTimeout.curlMilliseconds)
        cshims_easy_set_offset(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(settings.maximumBodySize))
        // To receive answers of a few kilobytes; held by every transfer in flight, and 16 KB by default.
        cshims_easy_set_long(easy, CURLOPT_BUFFERSIZE, 2048)
        // The smallest allowed: with TLS every transfer in flight holds one, 64 KB each by default.
        cshims_easy_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, Self.uploadBufferSize)
        cshims_easy_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        cshims_easy_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        if let bundle = settings.caBundle { cshims_easy_set_string(easy, CURLOPT_CAINFO, bundle) }
        // With a folder of certificates besides the file, a bundle would be trusted in addition only, and libcurl would
        // read the file for every connection instead of once a day: with the system's, 32 ms and 800 KB each.
        cshims_easy_set_string(easy, CURLOPT_CAPATH, nil)
        if let proxy = settings.proxy { cshims_easy_set_string(easy, CURLOPT_PROXY, proxy) }
    }
}

extension CurlTransfer {
    private func apply(_ version: HTTPClient.Settings.Version) {
        switch version {
        case .automatic: cshims_easy_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
        case .http1: cshims_easy_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        }
    }
}

// MARK: One exchange

extension CurlTransfer {
    /// `continuation` is resumed exactly once, when the exchange has ended.
    func wait(_ continuation: UnsafeContinuation<Outcome, Never>) {
        if let outcome = earlyOutcome.take() { return continuation.resume(returning: outcome) }
        self.continuation = continuation
    }

    /// Starts on `shard`; what arrives of the body goes into `body`. `onEnd` is called exactly once.
    func start(
        _ request: HTTPRequest, on shard: CurlShard, now: Instant, into body: StreamedBody,
        _ onEnd: @escaping @RequestPath (Outcome) -> Void
    ) {
        collector.stream = body
        self.onEnd = onEnd
        start(request, on: shard, now: now)
    }

    /// Starts on `shard`, unless the use was cancelled before.
    func start(_ request: HTTPRequest, on shard: CurlShard, now: Instant) {
        guard !isCancelled else { return finish(.failure(Self.cancellation)) }
        guard memory.fill(headers: request.headers, body: request.method == .get ? [] : request.body) else {
            let message = "A request header holds a line end or a zero byte"
            return finish(.failure(HTTPError(.invalidRequest, message: message)))
        }
        prepare(request)
        if shard.origin.mayShareConnections != sharesConnection {
            sharesConnection.toggle()
            // The request waits to see whether it can share the first connection; without this it opens its own.
            cshims_easy_set_long(easy, CURLOPT_PIPEWAIT, sharesConnection ? 1 : 0)
        }
        startedAt = now
        deadline = now.advanced(by: request.timeout)
        guard shard.add(self) else {
            return finish(.failure(HTTPError(.invalidRequest, message: "libcurl did not accept the request")))
        }
        self.shard = shard
    }

    static let cancellation = HTTPError(.cancelled, message: "The request was cancelled")

    private func prepare(_ request: HTTPRequest) {
        if request.url !== url { change(to: request.url) }
        if request.method != method { change(to: request.method) }
        bodySize = request.method == .get ? 0 : request.body.count
        if request.method != .get {
            cshims_easy_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            cshims_easy_set_pointer(easy, CURLOPT_POSTFIELDS, memory.body)
        }
        cshims_easy_set_list(easy, CURLOPT_HTTPHEADER, memory.headers)
        cshims_easy_set_long(easy, CURLOPT_TIMEOUT_MS, request.timeout.curlMilliseconds)
        let bypassesProxy = request.bypassesProxy || request.url.isLocal
        if bypassesProxy != self.bypassesProxy {
            self.bypassesProxy = bypassesProxy
            // Null leaves the list to the environment's no_proxy.
            cshims_easy_set_string(easy, CURLOPT_NOPROXY, bypassesProxy ? "*" : nil)
        }
        errorText.pointee = 0
    }

    private func change(to url: HTTPURL) {
        self.url = url
        // The parts prevail where there are any. Without a text libcurl would put one together from them each time.
        cshims_easy_set_string(easy, CURLOPT_URL, url.text)
        cshims_easy_set_pointer(easy, CURLOPT_CURLU, url.parts.map { UnsafeRawPointer($0) })
    }

    /// libcurl's method follows from the options set last; a PUT is a POST by another name.
    private func change(to method: HTTPRequest.Method) {
        self.method = method
        switch method {
        case .get:
            cshims_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, nil)
            cshims_easy_set_long(easy, CURLOPT_HTTPGET, 1)
        case .post:
            cshims_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, nil)
            cshims_easy_set_long(easy, CURLOPT_POST, 1)
        case .put:
            cshims_easy_set_long(easy, CURLOPT_POST, 1)
            cshims_easy_set_string(easy, CURLOPT_CUSTOMREQUEST, "PUT")
        }
    }

    /// What libcurl's end of the transfer means.
    func outcome(_ code: CURLcode) -> Outcome {
        traffic = measureTraffic()
        if code == CURLE_OK {
            let status = cshims_easy_info_long(easy, CURLINFO_RESPONSE_CODE)
            return .success(HTTPResponse(status: status, headers: collector.headers, body: collector.body))
        }
        if collector.isTooLarge {
            return .failure(HTTPError(.tooLarge, message: "The response is larger than the limit"))
        }
        if sendings.hasPrevented { return .failure(SendingGuard.error) }
        let detail = String(cString: errorText)
        return .failure(HTTPError(code, wasSent: wasSent, hasResponse: spoken != .unknown, detail: detail))
    }

    private func measureTraffic() -> HTTPClient.Traffic {
        HTTPClient.Traffic(
            connectionsOpened: cshims_easy_info_long(easy, CURLINFO_NUM_CONNECTS), bytesSent: bytesSent,
            bytesReceived: bytesReceived, spoken: spoken, resent: sendings.repetitions,
            wasKeptFromResending: sendings.hasPrevented)
    }

    private var bytesReceived: Int {
        cshims_easy_info_long(easy, CURLINFO_HEADER_SIZE)
            + Int(cshims_easy_info_offset(easy, CURLINFO_SIZE_DOWNLOAD_T))
    }

    private var bytesSent: Int { cshims_easy_info_long(easy, CURLINFO_REQUEST_SIZE) }

    /// Whether the server may have seen any of the request. Before libcurl begins, its figures are those of the last one.
    var wasSent: Bool { sendings.haveBegun && bytesSent > 0 }

    /// What the response came over; unknown until it begins.
    var spoken: Origin.Spoken {
        switch cshims_easy_info_long(easy, CURLINFO_HTTP_VERSION) {
        case Int(CURL_HTTP_VERSION_NONE): .unknown
        case Int(CURL_HTTP_VERSION_2_0): .http2
        default: .http1
        }
    }

    /// Takes the transfer off its shard and answers the request.
    func finish(_ outcome: Outcome) {
        if let shard = shard.take() {
            if traffic == nil && sendings.haveBegun { traffic = measureTraffic() }
            shard.remove(self)
        }
        if let onEnd = onEnd.take() { return onEnd(outcome) }
        if let continuation = continuation.take() { return continuation.resume(returning: outcome) }
        earlyOutcome = outcome
    }

    /// Gives up what libcurl has not ended.
    ///
    /// An HTTP/2 stream's end reaches the server with what is sent or received next over its connection; where nothing else
    /// is under way that may be never, so then the connection is closed.
    func abort(_ error: HTTPError) {
        isAborted = true
        cshims_easy_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        finish(.failure(error))
    }

    /// Lets libcurl go on with a body that was not taken fast enough.
    func resume(_ use: Use) {
        guard use == self.use else { return }
        shard?.resume(self)
    }

    /// Ends `use` with `error` if it is under way.
    func end(_ use: Use, with error: HTTPError) {
        if use == self.use && shard != nil { abort(error) }
    }

    /// Ends `use` if it has not ended yet; keeps it from starting if it has not begun.
    func cancel(_ use: Use) {
        guard use == self.use else { return }
        isCancelled = true
        if shard != nil { abort(Self.cancellation) }
    }

    /// libcurl counts its repetitions over the whole life of a handle, and gives up at five.
    var isReusable: Bool { sendings.repetitions == 0 && !sendings.hasPrevented }

    /// Forgets the exchange; the transfer can serve the next one.
    func recycle() {
        use.number += 1
        isCancelled = false
        earlyOutcome = nil
        if isAborted {
            isAborted = false
            cshims_easy_set_long(easy, CURLOPT_FORBID_REUSE, 0)
        }
        traffic = nil
        sendings = SendingGuard()
        hasConnection = false
        collector.clear()
        memory.clear()
    }
}

// MARK: What libcurl does not do

extension CurlTransfer {
    /// Why the exchange ends at `now`; nil: it goes on.
    ///
    /// libcurl keeps the limit itself, and knows more about what was waited for, except for a transfer that waits for a
    /// connection that others are setting up.
    func overdue(now: Instant) -> HTTPError? {
        guard now >= deadline.advanced(by: HTTPClient.reviewInterval) else { return nil }
        return HTTPError(.timeout, message: "Timed out while waiting for a connection")
    }

    /// Whether it has had a connection to be sent over.
    var hasBegun: Bool { sendings.haveBegun }

    /// Whether it waits for a connection that others set up or use.
    var isWaiting: Bool { !hasBegun && !hasConnection }

    /// Whether it has waited for as long as that is looked for.
    func waitsLong(now: Instant) -> Bool { isWaiting && now.since(startedAt) >= HTTPClient.reviewInterval }

    /// libcurl looks a host up for it, and will open a connection.
    private func observeLookups() {
        cshims_easy_set_pointer(easy, CURLOPT_RESOLVER_START_DATA, Unmanaged.passUnretained(self).toOpaque())
        cshims_easy_set_resolver_start(easy) { _, _, transfer in
            guard let transfer else { return 1 }
            let owner = Unmanaged<CurlTransfer>.fromOpaque(transfer).takeUnretainedValue()
            RequestPath.assumeIsolated { owner.hasConnection = true }
            return 0
        }
    }

    /// libcurl opens a connection for it.
    func opened(_ descriptor: Int32) {
        hasConnection = true
        sockets.opened(descriptor)
    }

    /// Gives back libcurl's copy of the body once all of it is sent: over TLS it would keep the buffer until the
    /// response is there, and most of an exchange is waiting. True when there is nothing to give back any more.
    func releaseUpload() -> Bool {
        guard shard != nil, sendings.repetitions == 0 else { return true }
        guard sendings.haveBegun, cshims_easy_info_offset(easy, CURLINFO_SIZE_UPLOAD_T) == bodySize else {
            return false
        }
        // libcurl frees the buffer when its size is set.
        cshims_easy_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, Self.uploadBufferSize)
        return true
    }

    /// Whether the request's own time is up, rather than that for connecting.
    func isTimeUp(_ now: Instant) -> Bool { now >= deadline }

    /// libcurl asks before every sending, the first included.
    private func guardSendings() {
        cshims_easy_set_pointer(easy, CURLOPT_PREREQDATA, Unmanaged.passUnretained(self).toOpaque())
        cshims_easy_set_prereq(easy) { transfer, _, _, _, _ in
            guard let transfer else { return CURL_PREREQFUNC_ABORT }
            let owner = Unmanaged<CurlTransfer>.fromOpaque(transfer).takeUnretainedValue()
            let mayBeSent = RequestPath.assumeIsolated { owner.mayBeSent() }
            return mayBeSent ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    private func mayBeSent() -> Bool {
        guard let origin = shard?.origin else { return false }
        let isAllowed = sendings.allows(
            wasSent: wasSent, isMultiplexed: origin.spoken == .http2, hasFailed: errorText.pointee != 0)
        if origin.isSecure { origin.learn(agreedProtocol) }
        return isAllowed
    }

    /// What the handshake of the transfer's connection has agreed on (ALPN).
    private var agreedProtocol: Origin.Spoken {
        guard let session = cshims_easy_openssl_session(easy) else { return .unknown }
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(OpaquePointer(session), &name, &length)
        return UnsafeBufferPointer(start: name, count: Int(length)).elementsEqual("h2".utf8) ? .http2 : .http1
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, at least one: for libcurl zero is no limit at all.
    fileprivate var curlMilliseconds: Int {
        let (whole, rest) = wholeNanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return Int(min(max(whole + (rest > 0 ? 1 : 0), 1), Int64(Int32.max)))
    }
}

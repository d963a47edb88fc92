import CCurl

/// libcurl's process-wide state.
enum CurlLibrary {
    private static let result = curl_global_init(Int(CURL_GLOBAL_ALL))

    /// Happens once, whoever comes first.
    static func start() { precondition(result == CURLE_OK, "libcurl cannot be initialised") }
}

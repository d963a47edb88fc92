import AdminHTTP

/// The page at `/`: three files built into the program, which read `/status.json`. Nothing is loaded from elsewhere, and
/// the page is allowed to load and run these files only.
enum LivePage {
    static let html = answer(
        PackageResources.page_html, "text/html; charset=utf-8",
        [.init("content-security-policy", policy), .init("referrer-policy", "no-referrer")])
    static let style = answer(PackageResources.page_css, "text/css; charset=utf-8")
    static let script = answer(PackageResources.page_js, "text/javascript; charset=utf-8")

    private static let policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

    private static func answer(
        _ body: [UInt8], _ contentType: String, _ headers: [AdminResponse.Header] = []
    ) -> AdminResponse {
        AdminResponse(contentType: contentType, body: body, headers: headers)
    }
}

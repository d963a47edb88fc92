import Redaction
import Testing

@Suite struct UserInfoTests {
    @Test(arguments: [
        ("http://user:word@host:1/path", "http://...@host:1/path"), ("ftp://u:a@b@host", "ftp://...@host"),
        ("user:word@host", "...@host"), ("https://host/a:b@c", "https://host/a:b@c"),
        ("me@example.com", "me@example.com"),
        ("$HOST", "$HOST"), ("", ""),
    ])
    func `a URL is shown without the password in it`(text: String, shown: String) {
        #expect(text.withoutUserInfo == shown)
    }
}

import EventLoop
import Redaction
import Threads

/// Work that may block, on a thread of its own: reading a file, running a program.
enum BlockingWork {
    @RequestPath
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Result<Value, CredentialFailure>
    ) async throws(CredentialFailure) -> Value {
        let result = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<Value, CredentialFailure>, Never>) in
            // Unsafe only in that nobody checks that it is resumed once: the thread ends after doing so.
            ServiceThread.start(name: "credentials") {
                let result = body()
                EventLoop.shared.post { continuation.resume(returning: result) }
            }
        }
        return try result.get()
    }

    /// A token file's text, trimmed.
    @RequestPath
    static func token(inFile path: String) async throws(CredentialFailure) -> Secret {
        try await run {
            do throws(FileError) {
                let text = try SmallFile.text(at: path)
                let trimmed = text.unicodeScalars.drop { $0.properties.isWhitespace }.reversed()
                    .drop { $0.properties.isWhitespace }.reversed()
                return .success(Secret(String(String.UnicodeScalarView(trimmed))))
            } catch {
                return .failure(CredentialFailure(.unavailable, "the token file cannot be read: \(error)"))
            }
        }
    }
}

import EventLoop
import Redaction

extension CredentialFetcher {
    private nonisolated static let processTimeout = Duration.seconds(60)

    /// Runs the program, without a shell, and reads the JSON it prints.
    func run(_ process: CredentialProcess) async throws(CredentialFailure) -> FetchedCredentials {
        let environment = environment
        let output = try await BlockingWork.run {
            ChildProgram.output(
                of: process.words.map { $0.reveal() }, environment: environment, timeout: Self.processTimeout
            ).mapError { CredentialFailure(.unavailable, "credential_process: \($0.message)") }
        }
        return try FetchedCredentials(json: output, tokenName: "SessionToken", from: "credential_process")
    }
}

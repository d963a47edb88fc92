/// A request that never gets as far as a model: what Bedrock, or the HTTP server before it, says then.
struct Refusal {
    let status: Int
    let errorType: StaticString
    let message: StaticString

    static let badRequestLine = Refusal(
        status: 400, errorType: "BadRequestException", message: "The request line is not METHOD TARGET HTTP/1.1.")
    static let badHeader = Refusal(
        status: 400, errorType: "BadRequestException", message: "A header line could not be read.")
    static let headTooLong = Refusal(
        status: 431, errorType: "BadRequestException", message: "The request's headers are too long.")
    static let bodyTooLong = Refusal(
        status: 413, errorType: "RequestEntityTooLargeException", message: "The request's body is too long.")
    static let chunkedBody = Refusal(
        status: 411, errorType: "BadRequestException", message: "Chunked request bodies are not served here.")

    static let unknownOperation = Refusal(
        status: 404, errorType: "UnknownOperationException", message: "The requested operation is not recognized.")
    static let badModel = Refusal(
        status: 400, errorType: "ValidationException", message: "The provided model identifier is invalid.")
    static let badBody = Refusal(
        status: 400, errorType: "ValidationException", message: "The request's body is not a JSON object.")

    static let missingToken = Refusal(
        status: 403, errorType: "MissingAuthenticationTokenException", message: "Missing Authentication Token")
    static let incompleteSignature = Refusal(
        status: 403, errorType: "IncompleteSignatureException",
        message: "Authorization header requires Credential, SignedHeaders and Signature, and the request X-Amz-Date.")
    static let wrongScope = Refusal(
        status: 403, errorType: "InvalidSignatureException",
        message: "Credential should be scoped to DATE/REGION/bedrock/aws4_request with the date of X-Amz-Date.")
    static let unsignedHeader = Refusal(
        status: 403, errorType: "InvalidSignatureException",
        message: "SignedHeaders must be sorted and hold host, x-amz-date, and content-type and the token if sent.")
    static let skewedClock = Refusal(
        status: 403, errorType: "InvalidSignatureException",
        message: "Signature expired: X-Amz-Date is too far from the current time.")
    static let badBearerToken = Refusal(
        status: 403, errorType: "AccessDeniedException", message: "The bearer token is empty or not a token.")
}

/// The error type and message that Bedrock sends with a status.
struct BedrockFailure {
    /// Nil: the status comes from something in front of Bedrock.
    let errorType: String?
    let message: String

    init(status: Int) {
        switch status {
        case 400: (errorType, message) = ("ValidationException", "The provided request is not valid.")
        case 401, 403:
            (errorType, message) = (
                "AccessDeniedException", "You don't have access to the model with the specified model ID."
            )
        case 404: (errorType, message) = ("ResourceNotFoundException", "The model was not found.")
        case 408: (errorType, message) = ("ModelTimeoutException", "Model has timed out in processing the request.")
        case 424:
            (errorType, message) = (
                "ModelErrorException", "The system encountered an unexpected error during processing."
            )
        case 429:
            (errorType, message) = (
                "ThrottlingException", "Too many requests, please wait before trying again."
            )
        case 500:
            (errorType, message) = (
                "InternalServerException", "The system encountered an unexpected error during processing."
            )
        case 503:
            (errorType, message) = (
                "ServiceUnavailableException", "Bedrock is unable to process your request."
            )
        default: (errorType, message) = (nil, "The request failed with status \(status).")
        }
    }
}

import Bedrock
import ChatCompletions
import Configuration
import Foundation

/// `converse-map < request.json`: prints the Converse body of one chat request whose `model` is a LiteLLM model string
/// (`bedrock/...`), or the error that its requester would get, with exit code 1.
@main
struct Main {
    static func main() {
        guard CommandLine.arguments.count == 1 else {
            print("usage: converse-map < request.json")
            exit(CommandLine.arguments.contains("--help") ? 0 : 2)
        }
        do throws(RequestFailure) {
            write(try body(of: Array(FileHandle.standardInput.readDataToEndOfFile())))
        } catch {
            write(error.json())
            exit(1)
        }
    }

    private static func body(of json: [UInt8]) throws(RequestFailure) -> [UInt8] {
        let request = try ChatRequest(json: json)
        let model: BedrockModelString
        do throws(BedrockModelStringError) {
            model = try BedrockModelString(request.model)
        } catch {
            throw RequestFailure(
                status: 400, type: .invalidRequest, message: "model: \(error)", param: "model",
                code: "invalid_value")
        }
        return try ConverseMapping.body(of: request, for: model, ModelCapabilities(catalogued: model))
    }

    private static func write(_ text: [UInt8]) {
        FileHandle.standardOutput.write(Data(text + [UInt8(ascii: "\n")]))
    }
}

import COpenSSL
import YAML

/// A deployment's id where none is given: SHA-256 over its group and all its `litellm_params`, as in LiteLLM, so it
/// stays the same from start to start and changes with any parameter.
enum DeploymentDigest {
    /// Parameters that hold credentials count as written, before variables are replaced: a rotated key leaves the
    /// deployment what it is, and the id carries no trace of it.
    static let secretKeys: Set<String> = [
        "api_key", "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_web_identity_token",
        "aws_external_id",
    ]

    static func of(group: String, _ parameters: SectionReader) -> String {
        let expansion = VariableExpansion(environment: parameters.context.environment)
        var text = ""
        append(YAMLNode(.scalar(YAMLScalar(group, style: .quoted)), file: "", line: 0), to: &text, nil)
        for entry in (parameters.node.mapping ?? []).sorted(by: { $0.key < $1.key }) {
            text += "\n\(entry.key.utf8.count):\(entry.key)="
            append(entry.value, to: &text, secretKeys.contains(entry.key) ? nil : expansion)
        }
        return hexadecimal(of: text)
    }

    /// Lengths go first, so different trees have different texts.
    private static func append(_ node: YAMLNode, to text: inout String, _ expansion: VariableExpansion?) {
        switch node.content {
        case .scalar(let scalar):
            // A variable that is not set is reported where the key is read, or belongs to a key that nobody reads.
            let value = (try? expansion?.expand(scalar.text)) ?? scalar.text
            text += "\(value.utf8.count):\(value)"
        case .sequence(let elements):
            text += "[\(elements.count)"
            for element in elements { append(element, to: &text, expansion) }
        case .mapping(let entries):
            text += "{\(entries.count)"
            for entry in entries.sorted(by: { $0.key < $1.key }) {
                text += "\(entry.key.utf8.count):\(entry.key)="
                append(entry.value, to: &text, expansion)
            }
        }
    }

    static func hexadecimal(of text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        let bytes = Array(text.utf8)
        let isDone = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        precondition(isDone == 1, "SHA-256 needs no more than memory")
        return digest.map { byte in
            let text = String(byte, radix: 16)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined()
    }
}

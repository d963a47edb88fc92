import JSON

/// The ids that connect calls and results: 1 to 64 of `[a-zA-Z0-9_.:-]`.
enum ToolUseID {
    private static let limit = 64
    private static let hashDigits = 8

    /// `id` if it is valid. Otherwise other characters become `_`, and a hash keeps different ids apart, so that the same
    /// id always becomes the same.
    static func valid(_ id: String) -> String {
        if !id.isEmpty, id.utf8.count <= limit, id.unicodeScalars.allSatisfy(isAllowed) { return id }
        var text = ""
        for scalar in id.unicodeScalars.prefix(limit - hashDigits - 1) {
            text.unicodeScalars.append(isAllowed(scalar) ? scalar : "_")
        }
        return text + "_" + SHA256.hexadecimal(of: Array(id.utf8), digits: hashDigits)
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", ".", ":", "-": true
        default: false
        }
    }
}

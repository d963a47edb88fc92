extension String {
    /// Without the name and password that a URL may have before its host: `http://user:word@host/` is `http://...@host/`.
    public var withoutUserInfo: String {
        let start = firstRange(of: "://")?.upperBound ?? startIndex
        let authority = self[start...].prefix { !"/?#".contains($0) }
        guard let end = authority.lastIndex(of: "@"), authority[..<end].contains(":") else { return self }
        return self[..<start] + "..." + self[end...]
    }
}

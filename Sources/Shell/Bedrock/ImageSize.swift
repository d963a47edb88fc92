/// An image's width and height in pixels, read from its file header.
struct ImageSize: Hashable {
    var width: Int
    var height: Int

    /// Nil for what is none of PNG, GIF, WebP and JPEG, or damaged: then Bedrock is to judge.
    init?(_ image: Base64Text) {
        let found: (Int?, Int?)
        if image.hasPrefix("PNG\r\n", at: 1) {
            found = (
                image.number(at: 16, bytes: 4, bigEndian: true), image.number(at: 20, bytes: 4, bigEndian: true)
            )
        } else if image.hasPrefix("GIF8") {
            found = (
                image.number(at: 6, bytes: 2, bigEndian: false), image.number(at: 8, bytes: 2, bigEndian: false)
            )
        } else if image.hasPrefix("RIFF"), image.hasPrefix("WEBP", at: 8) {
            found = Self.webP(image)
        } else if image[0] == 0xFF, image[1] == 0xD8 {
            found = Self.jpeg(image)
        } else {
            return nil
        }
        guard let width = found.0, let height = found.1 else { return nil }
        (self.width, self.height) = (width, height)
    }

    /// The three kinds of WebP: extended, lossless, lossy.
    private static func webP(_ image: Base64Text) -> (Int?, Int?) {
        let number = { image.number(at: $0, bytes: $1, bigEndian: false) }
        if image.hasPrefix("VP8X", at: 12) { return (number(24, 3).map { $0 + 1 }, number(27, 3).map { $0 + 1 }) }
        if image.hasPrefix("VP8L", at: 12) {
            let bits = number(21, 4)
            return (bits.map { $0 & 0x3FFF + 1 }, bits.map { $0 >> 14 & 0x3FFF + 1 })
        }
        guard image.hasPrefix("VP8 ", at: 12) else { return (nil, nil) }
        return (number(26, 2).map { $0 & 0x3FFF }, number(28, 2).map { $0 & 0x3FFF })
    }

    /// JPEG says it in the segment that begins a frame, behind any number of others.
    private static func jpeg(_ image: Base64Text) -> (Int?, Int?) {
        var at = 2
        while image[at] == 0xFF, let marker = image[at + 1] {
            if marker == 0xFF {  // a fill byte
                at += 1
                continue
            }
            // C4, C8 and CC are tables in the frames' range.
            if (0xC0...0xCF).contains(marker), marker != 0xC4, marker != 0xC8, marker != 0xCC {
                return (
                    image.number(at: at + 7, bytes: 2, bigEndian: true),
                    image.number(at: at + 5, bytes: 2, bigEndian: true)
                )
            }
            guard let length = image.number(at: at + 2, bytes: 2, bigEndian: true), length >= 2 else { break }
            at += 2 + length
        }
        return (nil, nil)
    }
}

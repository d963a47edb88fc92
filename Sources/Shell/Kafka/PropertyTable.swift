import CRdKafka
import Glibc

/// librdkafka's own list of properties, which says who reads each.
///
/// Read from the library in use instead of kept here, so it is right for whichever version is installed.
struct PropertyTable: Sendable {
    static let installed = PropertyTable(text: printed())

    private var scopes: [Substring: PropertyScope] = [:]

    /// Rows are `name | C, P or * | range | default | importance | description`.
    init(text: String) {
        for line in text.split(separator: "\n") {
            let columns = line.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
            guard columns.count == 3, let scope = PropertyScope(column: columns[1]) else { continue }
            let name = columns[0].prefix { $0 != " " }
            if let known = scopes[name], known != scope { scopes[name] = .both } else { scopes[name] = scope }
        }
    }

    /// Properties that are not in the table count for both: librdkafka refuses them in its own words.
    func scope(of name: String) -> PropertyScope { scopes[name[...]] ?? .both }

    private static func printed() -> String {
        var buffer: UnsafeMutablePointer<CChar>?
        var size = 0
        // The stream writes both when it is closed, so their addresses must hold until then.
        return withUnsafeMutablePointer(to: &buffer) { bufferAddress in
            withUnsafeMutablePointer(to: &size) { sizeAddress in
                guard let stream = open_memstream(bufferAddress, sizeAddress) else { return "" }
                rd_kafka_conf_properties_show(stream)
                fclose(stream)
                guard let text = bufferAddress.pointee else { return "" }
                defer { free(text) }
                return String(cString: text)
            }
        }
    }
}

extension PropertyScope {
    fileprivate init?(column: Substring) {
        switch column.filter({ $0 != " " }) {
        case "C": self = .consumer
        case "P": self = .producer
        case "*": self = .both
        default: return nil
        }
    }
}

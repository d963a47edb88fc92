import Processes

/// Why something could not be measured.
struct Unmeasurable: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// What `body` makes, without which nothing can be measured.
    static func unless<Value>(_ body: () throws(SystemFailure) -> Value) throws(Unmeasurable) -> Value {
        do throws(SystemFailure) {
            return try body()
        } catch {
            throw Unmeasurable(error.description)
        }
    }
}

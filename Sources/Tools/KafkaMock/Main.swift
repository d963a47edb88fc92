import Glibc
import Simulator

/// `kafka-mock`: mock brokers in a process of their own, told what to do wrong by lines on standard input. For fault
/// tests in other languages.
@main
struct Main {
    static func main() {
        do {
            let cluster = try KafkaMockCluster(brokers: brokers(CommandLine.arguments.dropFirst()))
            write("listening on \(cluster.bootstrapServers)")
            // The brokers end with whoever gives the commands.
            while let line = readLine() {
                do throws(CommandError) {
                    try Command(line).run(on: cluster)
                    write("ok")
                } catch {
                    write("error: \(error.message)")
                }
            }
        } catch let error as CommandError {
            fail(error.message, code: 2)
        } catch {
            fail("\(error)", code: 1)
        }
    }

    private static func brokers(_ arguments: ArraySlice<String>) throws(CommandError) -> Int {
        guard !arguments.isEmpty else { return 3 }
        guard arguments.count == 2, arguments.first == "--brokers", let count = Int(arguments[arguments.endIndex - 1]),
            1...100 ~= count
        else {
            throw CommandError(message: "usage: kafka-mock [--brokers N]; then on standard input:\n\(Command.help)")
        }
        return count
    }

    /// Not `print`: its buffer would keep the answer from whoever waits at the end of a pipe.
    private static func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
    }

    private static func fail(_ message: String, code: Int32) -> Never {
        let bytes = Array("kafka-mock: \(message)\n".utf8)
        bytes.withUnsafeBytes { _ = Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(code)
    }
}

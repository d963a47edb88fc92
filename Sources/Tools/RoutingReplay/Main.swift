import Foundation
import RoutingScenarios

/// `routing-replay FILE...`: replays recorded scenarios, one line each; exit code 1 if any differs.
@main
struct Main {
    static func main() {
        let files = CommandLine.arguments.dropFirst()
        if files.isEmpty || files.contains("--help") {
            print("usage: routing-replay FILE...")
            exit(files.isEmpty ? 2 : 0)
        }
        var failures = 0
        for file in files {
            if let difference = difference(in: file) {
                failures += 1
                print("fail \(file): \(difference)")
            } else {
                print("pass \(file)")
            }
        }
        exit(failures == 0 ? 0 : 1)
    }

    private static func difference(in file: String) -> String? {
        do {
            return try RoutingScenario(json: Data(contentsOf: URL(filePath: file))).firstDifference()
        } catch {
            return "\(error)"
        }
    }
}

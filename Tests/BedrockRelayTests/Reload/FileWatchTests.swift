import Foundation
import Testing

@testable import BedrockRelay

@Suite struct FileWatchTests {
    private func stamp(_ inode: UInt64) -> FileStamp? {
        FileStamp(device: 1, inode: inode, size: 1, seconds: 1, nanoseconds: 1)
    }

    @Test func `a change is told once, when it has come to rest`() {
        var detector = ChangeDetector(["a": stamp(1), "b": stamp(2)])

        let told = [1, 3, 4, 4, 4].map { detector.hasSettledChange(["a": stamp($0), "b": stamp(2)]) }

        #expect(told == [false, false, false, true, false])
    }

    @Test func `a file that goes and comes back as another is a change`() {
        var detector = ChangeDetector(["a": stamp(1)])

        let gone = [nil, nil].map { detector.hasSettledChange(["a": $0]) }
        let back = [stamp(2), stamp(2)].map { detector.hasSettledChange(["a": $0]) }
        let briefly = [nil, stamp(2), stamp(2)].map { detector.hasSettledChange(["a": $0]) }

        #expect(gone == [false, true])
        #expect(back == [false, true])
        #expect(briefly == [false, false, false])
    }

    @Test func `a file that is watched from now on is no change`() {
        var detector = ChangeDetector(["a": stamp(1)])

        let told = [1, 1, 2, 2].map { detector.hasSettledChange(["a": stamp(1), "b": stamp($0)]) }
        let without = (0..<2).map { _ in detector.hasSettledChange(["a": stamp(1)]) }

        #expect(told == [false, false, false, true])
        #expect(without == [false, false])
    }

    @Test(.timeLimit(.minutes(1))) func `a swapped link anywhere on the path is noticed`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "relay-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for version in ["..1", "..2"] {
            let data = folder.appending(path: version)
            try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
            try Data(version.utf8).write(to: data.appending(path: "relay.yaml"))
        }
        let data = folder.appending(path: "..data").path()
        let file = folder.appending(path: "relay.yaml").path()
        try FileManager.default.createSymbolicLink(atPath: data, withDestinationPath: "..1")
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "..data/relay.yaml")
        let (changes, input) = AsyncStream<Void>.makeStream()
        let watch = FileWatch([file], interval: .milliseconds(10)) { input.yield() }

        let next = folder.appending(path: "..data_tmp").path()
        try FileManager.default.createSymbolicLink(atPath: next, withDestinationPath: "..2")
        #expect(rename(next, data) == 0)

        for await _ in changes { break }
        watch.stop()
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "..2")
    }
}

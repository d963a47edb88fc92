import Glibc
import Threads

/// Notices that files have been changed, replaced, or swapped by a symbolic link anywhere on their paths.
///
/// It looks at what the paths lead to, once a second on a thread of its own: that is the same for a file written in
/// place, an editor's new file of the same name, a Kubernetes ConfigMap (whose `..data` link moves to another folder) and
/// network file systems, none of which one kind of inotify watch covers. A change is reported when it has been there for
/// one interval: a file that is still being written is not read.
final class FileWatch: Sendable {
    private struct State {
        var files: [String]
        var isStopped = false
    }

    private let monitor: Monitor<State>

    init(
        _ files: [String], interval: Duration = .seconds(1), onChange: @escaping @Sendable () -> Void
    ) {
        let monitor = Monitor(State(files: files))
        self.monitor = monitor
        let stamps = FileStamp.stamps(of: files)
        ServiceThread.start(name: "config-watch") {
            var detector = ChangeDetector(stamps)
            while monitor.wait(for: interval, until: { $0.isStopped ? true : nil }) == nil {
                let files = monitor.withLock { $0.files }
                if detector.hasSettledChange(FileStamp.stamps(of: files)) { onChange() }
            }
        }
    }

    deinit { stop() }

    /// Watches these from now on: other files may be included now.
    func setFiles(_ files: [String]) { monitor.withLock { $0.files = files } }

    func stop() {
        monitor.withLock { $0.isStopped = true }
        monitor.signal()
    }
}

/// What tells one state of a file from another.
struct FileStamp: Hashable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
}

extension FileStamp {
    /// Of the file that `path` leads to; nil: there is none now.
    init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
    }

    /// Nil for files that are not there now.
    static func stamps(of paths: [String]) -> [String: FileStamp?] {
        Dictionary(paths.map { ($0, FileStamp(path: $0)) }) { first, _ in first }
    }
}

/// Whether files have changed since the last report, and come to rest.
struct ChangeDetector {
    private var reported: [String: FileStamp?]
    private var latest: [String: FileStamp?]

    init(_ stamps: [String: FileStamp?]) { (reported, latest) = (stamps, stamps) }

    /// True once for each change, when two looks in a row see the same. A file that was not watched before is no
    /// change: the configuration that names it has just been read.
    mutating func hasSettledChange(_ stamps: [String: FileStamp?]) -> Bool {
        defer { latest = stamps }
        reported = reported.filter { stamps.keys.contains($0.key) }
        for (path, stamp) in stamps where !reported.keys.contains(path) { reported.updateValue(stamp, forKey: path) }
        guard stamps == latest, stamps != reported else { return false }
        reported = stamps
        return true
    }
}

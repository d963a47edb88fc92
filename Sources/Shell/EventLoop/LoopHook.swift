/// A handler that runs before every wait of the loop.
@RequestPath
public final class LoopHook {
    private var handler: (@RequestPath () -> Bool)?

    init(_ handler: @escaping @RequestPath () -> Bool) {
        self.handler = handler
    }

    /// No call of the handler follows.
    public func cancel() { handler = nil }

    var isCancelled: Bool { handler == nil }

    func run() -> Bool { handler?() ?? false }
}

import CShims
import Glibc

/// An eventfd on the loop. Must be closed by its owner, after the last thread that writes to it.
@RequestPath
public final class EventDescriptor {
    /// What C libraries write eight bytes to.
    public nonisolated let descriptor: Int32
    private let loop: EventLoop
    /// Nil once closed.
    private var watch: EventLoop.Watch?

    init(_ loop: EventLoop, handler: @escaping @RequestPath () -> Void) {
        self.loop = loop
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        precondition(descriptor >= 0, "no eventfd: error \(errno)")
        watch = loop.watches.addCounter(descriptor, handler: handler)
    }

    public func close() {
        guard let watch = watch.take() else { return }
        loop.unwatch(watch)
        Glibc.close(descriptor)
    }
}

extension EventLoop {
    /// An event descriptor that another thread's C library may write to; `handler` runs after each write, or after several.
    @RequestPath
    public func watchEvents(handler: @escaping @RequestPath () -> Void) -> EventDescriptor {
        EventDescriptor(self, handler: handler)
    }
}

/// The loop as the executor that tasks prefer.
///
/// A separate object because a job must run under the preference its task has, or none. Where the two differ, the
/// runtime sends the task through the queue at every call on the request path, although it is there already: slower, and
/// other code may run between two lines that look like one step. Who enqueued the job tells which it is.
final class LoopPreference: TaskExecutor {
    static let shared = LoopPreference()

    func enqueue(_ job: consuming ExecutorJob) { EventLoop.shared.add(.preferringJob(UnownedJob(job))) }
}

extension EventLoop {
    /// For `withTaskExecutorPreference` and child tasks; `RequestPath.task` has it.
    public var preference: any TaskExecutor { LoopPreference.shared }
}

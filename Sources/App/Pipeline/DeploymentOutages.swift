import Routing
import Time

/// Which deployments fail at the moment, so that the log tells when that begins and ends, not of every request.
struct DeploymentOutages {
    /// A deployment that fails every now and then is not told about more often.
    private static let quiet: Duration = .seconds(10)

    private struct Outage {
        var failures = 0
        var isTold = false
        var lastTold: Instant?
    }

    /// By id: positions change when the configuration is read again.
    private var outages: [DeploymentID: Outage] = [:]

    /// Whether `status` says that something is wrong with the deployment or the way to it, not with the request.
    static func isOutage(status: Int) -> Bool { [401, 403, 404, 408].contains(status) || status >= 500 }

    /// Notes a failure; true when it is to be told.
    mutating func noteFailure(of deployment: DeploymentID, now: Instant) -> Bool {
        var outage = outages[deployment] ?? Outage()
        defer { outages[deployment] = outage }
        outage.failures += 1
        if outage.isTold { return false }
        if let lastTold = outage.lastTold, now < lastTold.advanced(by: Self.quiet) { return false }
        outage.isTold = true
        outage.lastTold = now
        return true
    }

    /// Notes an answer; the number of failures before it when they were told of.
    mutating func noteAnswer(of deployment: DeploymentID) -> Int? {
        guard !outages.isEmpty, let outage = outages[deployment], outage.failures > 0 else { return nil }
        outages[deployment] = Outage(lastTold: outage.lastTold)
        return outage.isTold ? outage.failures : nil
    }
}

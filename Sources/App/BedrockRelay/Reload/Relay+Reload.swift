import Bedrock
import Configuration
import EventLoop
import Logging
import Metrics
import Pipeline
import Time

extension Relay {
    enum ReloadOutcome: Sendable {
        case adopted, unchanged, refused
    }

    /// Goes on under `configuration`, whose fixed keys are those of the present one. One turn of the event loop: a
    /// request sees the old or the new configuration at each of its steps, never a mixture, and none is dropped.
    func reconfigure(_ configuration: ServiceConfiguration, targets: BedrockTargets) {
        let relay = configuration.relay
        provider.reconfigure(targets)
        router.reconfigure(settings: configuration.router, deployments: configuration.deployments)
        events.reconfigure(configuration.deployments)
        handler.settings = relay.handlerSettings
        consumerLoop?.settings = relay.consumerSettings
        if let level = Logger.Level(rawValue: relay.logLevel) { logger.setLevel(level) }
        adopt(configuration)
    }

    /// For `/metrics`: whether the files on disk are what is running.
    func noteReload(_ outcome: ReloadOutcome) {
        reloads.note(isSuccess: outcome != .refused, now: loop.now)
    }
}

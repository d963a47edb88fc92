/// Replays recorded routing scenarios against our router.
public enum RoutingScenario {}

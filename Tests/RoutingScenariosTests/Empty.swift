// The tests of RoutingScenarios.

/// `least-busy`: the fewest calls in flight; equals are drawn at random, so that light traffic spreads.
enum LeastBusy {
    static func narrow(_ field: inout Field, states: [DeploymentState]) -> SelectionReason {
        .leastBusy(inFlight: field.keepLowest { states[$0].inFlight } ?? 0)
    }
}

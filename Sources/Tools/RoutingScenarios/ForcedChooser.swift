import Routing
import Synchronization

/// Forces the recorded picks, and says when one was not among the router's candidates.
///
/// A reference, so that the replay reaches it inside the router: copies of a router share their chooser.
final class ForcedChooser: Chooser {
    struct Draws: Sendable {
        /// Deployments to pick, in order, by position; once they are used up, picks are free.
        var picks: ArraySlice<Int> = []
        /// Where a pick is free, the candidate to take: number `variant % count`.
        var variant = 0
        /// Deployments whose calls leave no trace in the record, so that no recorded pick stands for them.
        var unrecorded: Set<Int> = []
        var candidates: [Int] = []
        /// A forced pick that the router did not offer, and what it offered instead.
        var refusedPick: RefusedPick?
        /// The most candidates that a free pick had.
        var widestFreePick = 1
    }

    struct RefusedPick: Sendable {
        var wanted: Int
        var offered: [Int]
    }

    private let draws = Mutex(Draws())

    /// Starts anew for the next event.
    func prepare(_ picks: [Int], variant: Int, unrecorded: Set<Int>) {
        draws.withLock { $0 = Draws(picks: picks[...], variant: variant, unrecorded: unrecorded) }
    }

    var result: Draws { draws.withLock { $0 } }

    func willPick(among candidates: [Int]) {
        draws.withLock { draws in
            draws.candidates = candidates
            guard candidates.count == 1, !draws.unrecorded.contains(candidates[0]),
                let wanted = draws.picks.popFirst(), wanted != candidates[0]
            else { return }
            draws.refusedPick = draws.refusedPick ?? RefusedPick(wanted: wanted, offered: candidates)
        }
    }

    func pick(weights: [Double]) -> Int { pick { weights[$0] > 0 } }
    func pick(count: Int) -> Int { pick { _ in true } }
    func jitter(below bound: Duration) -> Duration { .zero }

    private func pick(_ isPossible: (Int) -> Bool) -> Int {
        draws.withLock { draws in
            let possible = draws.candidates.indices.filter(isPossible)
            if let wanted = draws.picks.popFirst() {
                if let index = possible.first(where: { draws.candidates[$0] == wanted }) { return index }
                let offered = possible.map { draws.candidates[$0] }
                draws.refusedPick = draws.refusedPick ?? RefusedPick(wanted: wanted, offered: offered)
            }
            draws.widestFreePick = max(draws.widestFreePick, possible.count)
            return possible[draws.variant % possible.count]
        }
    }
}

import Time

/// What each provider has cost in its current budget period (`provider_budget_config`).
struct Budgets: Sendable {
    private struct Account {
        var provider: String
        var limit: Double
        var period: Int64
        var spent = 0.0
        /// When the period began: with the first spending after the previous one ended.
        var start = Int64.min
    }

    private var accounts: [Account]

    init(_ budgets: [String: RouterSettings.ProviderBudget]) {
        accounts = budgets.sorted { $0.key < $1.key }.map {
            Account(provider: $0.key, limit: $0.value.limit, period: $0.value.period.wholeNanoseconds)
        }
    }

    var isEmpty: Bool { accounts.isEmpty }

    /// Where `provider`'s budget is kept; nil: it has none.
    func account(of provider: String) -> Int? { accounts.firstIndex { $0.provider == provider } }

    func isExhausted(_ account: Int, now: Instant) -> Bool {
        let account = accounts[account]
        let spent = hasEnded(account, now) ? 0 : account.spent
        return spent >= account.limit  // a limit of zero allows nothing at all
    }

    /// When the period ends and spending is allowed again; nil: never.
    func end(of account: Int) -> Instant? {
        guard accounts[account].limit > 0 else { return nil }
        return Instant(nanoseconds: accounts[account].start).advanced(nanoseconds: accounts[account].period)
    }

    mutating func spend(_ dollars: Double, on account: Int, now: Instant) {
        if hasEnded(accounts[account], now) {
            accounts[account].spent = 0
            accounts[account].start = now.nanoseconds
        }
        accounts[account].spent += dollars
    }

    /// Keeps what was spent under an earlier configuration.
    mutating func adopt(_ other: Budgets) {
        for index in accounts.indices {
            guard let old = other.account(of: accounts[index].provider) else { continue }
            accounts[index].spent = other.accounts[old].spent
            accounts[index].start = other.accounts[old].start
        }
    }

    private func hasEnded(_ account: Account, _ now: Instant) -> Bool {
        account.start == .min || now.nanoseconds - account.start >= account.period
    }
}

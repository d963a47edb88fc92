/// A request that has been started, and whose response is to be waited for: once, at once.
public struct HTTPExchange {
    let transfer: CurlTransfer
}

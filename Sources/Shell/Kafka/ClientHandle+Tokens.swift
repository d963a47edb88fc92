import CRdKafka

extension ClientHandle {
    /// Gives librdkafka a token for its connections from now on; what is wrong with it, else nil.
    func setToken(_ token: KafkaTokenSource.Token) -> String? {
        var text = [CChar](repeating: 0, count: 512)
        let code = rd_kafka_oauthbearer_set_token(
            raw, token.value, token.expiration.unixMilliseconds, token.principal, nil, 0, &text, text.count)
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Tells librdkafka that there is no token; it asks again in ten seconds.
    func setTokenFailure(_ message: String) {
        rd_kafka_oauthbearer_set_token_failure(raw, message)
    }
}

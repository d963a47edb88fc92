import CRdKafka

extension ClientHandle {
    /// Asks the brokers for the number of partitions; 0 when there is no such topic. Blocks.
    ///
    /// It also makes the topic known to this client: the first record to one that is not known can wait a second for
    /// its metadata before 2.10.1 (#5032).
    func partitionCount(of topic: String, milliseconds: Int32) -> Result<Int32, KafkaError> {
        guard let handle = rd_kafka_topic_new(raw, topic, nil) else {
            return .failure(KafkaError(rd_kafka_last_error()))
        }
        defer { rd_kafka_topic_destroy(handle) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let code = rd_kafka_metadata(raw, 0, handle, &metadata, milliseconds)
        guard let metadata, code == RD_KAFKA_RESP_ERR_NO_ERROR else { return .failure(KafkaError(code)) }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt == 1, let topic = metadata.pointee.topics?.pointee else { return .success(0) }
        switch topic.err {
        case RD_KAFKA_RESP_ERR_NO_ERROR: return .success(topic.partition_cnt)
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: return .success(0)
        default: return .failure(KafkaError(topic.err))
        }
    }
}

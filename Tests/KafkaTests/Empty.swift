// The tests of Kafka.

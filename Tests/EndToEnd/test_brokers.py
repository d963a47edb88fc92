"""The brokers do what the other tests rely on, for a C client as old as ours and for a new one."""

import uuid

import pytest
from confluent_kafka import Consumer, Producer

from brokers import Noida
from kafka_client import TopicReader

both_brokers = pytest.mark.parametrize("broker", ["noida", "tansu"], indirect=True)


@pytest.fixture
def topic():
    return f"topic-{uuid.uuid4().hex}"


def produce(broker, topic, records):
    """`records`: (key, value, headers)."""
    failures = []
    producer = Producer({"bootstrap.servers": broker.address, "enable.idempotence": True})
    for key, value, headers in records:
        producer.produce(
            topic, value, key, headers=headers, on_delivery=lambda error, _: error and failures.append(error)
        )
    assert producer.flush(20) == 0
    assert not failures


def consume(broker, topic, count, group=None):
    consumer = Consumer({
        "bootstrap.servers": broker.address,
        "group.id": group or f"group-{uuid.uuid4().hex}",
        "auto.offset.reset": "earliest",
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 500,
        "fetch.wait.max.ms": 20,
    })
    try:
        consumer.subscribe([topic])
        records = []
        while len(records) < count:
            batch = consumer.consume(count - len(records), timeout=20)
            assert batch, f"{len(records)} of {count} records"
            for record in batch:
                assert record.error() is None, record.error()
            records += batch
        consumer.commit(asynchronous=False)
        return records
    finally:
        consumer.close()


@both_brokers
def test_records_pass_from_a_new_client_to_kcat(broker, topic, kcat):
    broker.create_topic(topic)
    produce(broker, topic, [("k1", "one\ntwo", [("a", "1"), ("a", "2")]), ("k2", "three", [])])

    first, second = kcat(broker.address).consume(topic, 2)

    assert (first["key"], first["payload"], first["headers"]) == ("k1", "one\ntwo", ["a", "1", "a", "2"])
    assert (second["key"], second["payload"], second["offset"]) == ("k2", "three", 1)


@both_brokers
def test_records_pass_from_kcat_to_a_new_clients_group(broker, topic, kcat):
    broker.create_topic(topic)
    kcat(broker.address).produce(topic, '{"a":\n1}', key="k", headers=[("correlation-id", "c-1")])

    (record,) = consume(broker, topic, 1)

    assert (record.key(), record.value()) == (b"k", b'{"a":\n1}')
    assert record.headers() == [("correlation-id", b"c-1")]


@both_brokers
def test_a_group_goes_on_where_it_committed(broker, topic):
    broker.create_topic(topic)
    group = f"group-{uuid.uuid4().hex}"
    produce(broker, topic, [(None, str(number), None) for number in range(5)])
    consume(broker, topic, 5, group)
    produce(broker, topic, [(None, "5", None)])

    (record,) = consume(broker, topic, 1, group)

    assert record.value() == b"5"


def test_noida_keeps_its_records_over_a_restart(tmp_path, topic):
    with Noida(tmp_path) as broker:
        broker.create_topic(topic)
        produce(broker, topic, [(None, "kept", None)])
        port = broker.port
    with Noida(tmp_path, port) as broker:
        (record,) = consume(broker, topic, 1)
    assert record.value() == b"kept"


def test_tansu_takes_a_message_of_several_megabytes(tansu, topic):
    tansu.create_topic(topic)
    value = bytes(range(256)) * 12_000
    producer = Producer({"bootstrap.servers": tansu.address, "message.max.bytes": 8_000_000})
    producer.produce(topic, value)
    assert producer.flush(20) == 0

    (record,) = consume(tansu, topic, 1)

    assert record.value() == value


def test_a_reader_of_ours_sees_what_follows_an_aborted_transaction(noida, topic):
    """Clients that read on from behind it do not, on this broker."""
    noida.create_topic(topic)

    def start():
        """Ends what the last producer of this id has left open."""
        producer = Producer({"bootstrap.servers": noida.address, "transactional.id": topic, "log_level": 0})
        producer.init_transactions(10)
        producer.begin_transaction()
        return producer

    def write(producer, value):
        producer.produce(topic, value)
        assert producer.flush(10) == 0

    first = start()
    write(first, "open")
    reader = TopicReader(noida.address, topic)
    try:
        second = start()
        write(second, "one")
        second.commit_transaction()
        assert [record.value for record in reader.read_to_end()] == [b"one"]
        second.begin_transaction()
        write(second, "two")
        second.commit_transaction()
        assert len(reader.wait_for(lambda record: record.value == b"two", "after the abort")) == 1
        assert [record.value for record in reader.read_to_end()] == [b"one", b"two"]
    finally:
        reader.close()

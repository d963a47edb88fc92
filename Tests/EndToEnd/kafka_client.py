"""Reading and writing topics with confluent-kafka, a newer client than the one under test."""

import dataclasses
import json
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from waiting import patient

LARGEST_MESSAGE = 8_000_000


@dataclasses.dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @classmethod
    def of(cls, message):
        _, timestamp = message.timestamp()
        headers = tuple(message.headers() or [])
        return cls(
            message.topic(), message.partition(), message.offset(), timestamp, message.key(), message.value(), headers
        )

    @property
    def source(self):
        """How the relay names a request's record."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    @property
    def names(self):
        return [name for name, _ in self.headers]

    def header(self, name):
        """The bytes of the one header of that name."""
        (value,) = [value for other, value in self.headers if other == name]
        return value

    def text(self, name):
        return self.header(name).decode()

    def json(self):
        return json.loads(self.value)


class TopicWriter:
    def __init__(self, address, settings=None):
        self._producer = Producer({
            "bootstrap.servers": address,
            "message.max.bytes": LARGEST_MESSAGE,
            "linger.ms": 0,
            "log_level": 0,
            **(settings or {}),
        })

    def write(self, topic, value, key=None, headers=(), partition=-1, timestamp=0):
        """The record, once the broker has acknowledged it. `timestamp` in milliseconds, 0: now."""
        (record,) = self.write_all(topic, [(key, value, headers)], partition, timestamp)
        return record

    def write_all(self, topic, records, partition=-1, timestamp=0):
        """`records`: (key, value, headers). Returns them in the same order, acknowledged."""
        written = {}

        def keep(index):
            def report(error, message):
                assert error is None, error
                written[index] = (message.partition(), message.offset(), message.timestamp()[1])

            return report

        for index, (key, value, headers) in enumerate(records):
            self._producer.produce(
                topic, value, key, partition, keep(index), timestamp=timestamp, headers=list(headers)
            )
        assert self._producer.flush(30) == 0, f"not all records reached {topic}"
        return [
            Record(topic, *written[index], key, value, tuple(headers))
            for index, (key, value, headers) in enumerate(records)
        ]


class TopicReader:
    """Everything in a topic from its beginning, read as far as somebody has waited for.

    It starts over from time to time: noida lists a transaction that was aborted also to those who read on behind its end,
    and from there on clients take all that its producer commits for aborted.
    """

    # Without a new record for so long, something may be hidden.
    _QUIET_SECONDS = 1

    def __init__(self, address, topic, settings=None):
        self.topic = topic
        self.records = []
        self._places = set()
        self._read_up_to = {}
        self._last_news = time.monotonic()
        self._consumer = Consumer({
            "bootstrap.servers": address,
            "group.id": f"reader-of-{topic}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 10,
            "fetch.message.max.bytes": LARGEST_MESSAGE,
            "receive.message.max.bytes": 200_000_000,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
            **(settings or {}),
        })
        try:
            partitions = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
            self._beginnings = [TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions]
            self._start_over()
        except BaseException:
            self.close()
            raise

    def close(self):
        self._consumer.close()

    def wait_for(self, matches, what, count=1, timeout=20):
        """The records that satisfy `matches`, once there are `count` of them."""
        deadline = time.monotonic() + patient(timeout)
        seen = 0
        found = []
        while True:
            found += [record for record in self.records[seen:] if matches(record)]
            seen = len(self.records)
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, f"{self.topic}: {len(found)} of {count} records: {what}"
            self._look_again()
            self._read()

    def ends(self):
        """One past the last offset of each partition; transactions' markers have offsets, too."""
        return {
            partition.partition: self._consumer.get_watermark_offsets(partition, timeout=10)[1]
            for partition in self._consumer.assignment()
        }

    def read_to_end(self, timeout=20):
        """All committed records up to what is in the topic now, those of a partition in order.

        Markers are offsets without a record, so ends are waited for.
        """
        ends = self.ends()
        self._start_over()
        deadline = time.monotonic() + patient(timeout)
        while any(self._read_up_to.get(partition, 0) < end for partition, end in ends.items()):
            assert time.monotonic() < deadline, f"{self.topic}: read to {self._read_up_to}, not to {ends}"
            self._read()
        self.records.sort(key=lambda record: (record.partition, record.offset))
        return list(self.records)

    def _look_again(self):
        """Starts over when nothing has come for a while behind the ends."""
        is_quiet = time.monotonic() - self._last_news > self._QUIET_SECONDS
        if is_quiet and len(self._read_up_to) == len(self._beginnings):
            self._start_over()

    def _start_over(self):
        self._read_up_to = {}
        self._last_news = time.monotonic()
        self._consumer.assign(self._beginnings)

    def _read(self):
        for message in self._consumer.consume(500, timeout=0.05):
            if message.error() is None:
                self._keep(message)
            elif message.error().code() == KafkaError._PARTITION_EOF:
                self._read_up_to[message.partition()] = message.offset()
            # Any other error is a broker that is away for now: whether it comes back, the caller's deadline decides.

    def _keep(self, message):
        place = (message.partition(), message.offset())
        if place not in self._places:
            self._places.add(place)
            self._last_news = time.monotonic()
            self.records.append(Record.of(message))

"""Topics, simulator and configuration of one set-up of the relay, with the clients to drive it."""

import json
import uuid

from confluent_kafka import Consumer, TopicPartition

from kafka_client import TopicReader, TopicWriter

SONNET = "anthropic.claude-3-5-sonnet-20240620-v1:0"
HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"

# What a model of the simulator is told: to answer, at once.
OK = {"steps": "200", "latency": "0ms"}

# Lets a group notice and recover within a test's time. noida never answers a join when another member joins again within a
# millisecond; a client sends its join again after max.poll.interval.ms and three seconds.
GROUP_SETTINGS = {
    "session.timeout.ms": 6000,
    "heartbeat.interval.ms": 300,
    "max.poll.interval.ms": 10000,
    "fetch.wait.max.ms": 10,
}


def deployment(group, model=HAIKU, **parameters):
    """An entry of model_list; a keyword `model_info` goes beside the parameters."""
    info = parameters.pop("model_info", None)
    entry = {"model_name": group, "litellm_params": {"model": f"bedrock/{model}", **parameters}}
    return entry | ({"model_info": info} if info else {})


class Stage:
    """Request, reply, routing event and dead-letter topics of its own on `broker`, and Bedrock played by `simulator`.

    `submit` writes a request; `reply`, `event` and `dead_letter` wait for what came of it.
    """

    def __init__(self, broker, simulator, partitions=1, topic_config=None, reply_partitions=None):
        self.broker = broker
        self.simulator = simulator
        self.partitions = partitions
        name = uuid.uuid4().hex[:12]
        self.group = f"group-{name}"
        self.request_topic = f"{name}.requests"
        self.reply_topic = f"{name}.replies"
        self.event_topic = f"{name}.events"
        self.dead_letter_topic = f"{name}.dlq"
        for topic in (self.request_topic, self.event_topic, self.dead_letter_topic):
            broker.create_topic(topic, partitions, topic_config)
        broker.create_topic(self.reply_topic, reply_partitions or partitions, topic_config)
        self._writer = None
        self._group = None
        self._readers = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for reader in self._readers.values():
            reader.close()
        if self._group is not None:
            self._group.close()

    def config(self, model_list=None, kafka=None, relay=None, **sections):
        """A configuration for these topics; by default one group `claude` with one deployment of HAIKU."""
        return {
            "kafka": {
                "bootstrap.servers": self.broker.address,
                "group.id": self.group,
                "auto.offset.reset": "earliest",
                **GROUP_SETTINGS,
                **(kafka or {}),
            },
            "relay": {
                "request_topics": [self.request_topic],
                "reply_topic": self.reply_topic,
                "metrics_topic": self.event_topic,
                "dead_letter_topic": self.dead_letter_topic,
                **(relay or {}),
            },
            "model_list": model_list or [deployment("claude")],
            **sections,
        }

    @property
    def environment(self):
        """What points the relay at the simulator."""
        return {
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example-secret",
            "AWS_BEDROCK_RUNTIME_ENDPOINT": self.simulator.url,
        }

    def start_over(self, **answer):
        """Bedrock answers again, all models alike, and has been asked nothing yet."""
        self.simulator.script(**{model: OK | answer for model in ("*", "anthropic.*", HAIKU, SONNET)})
        self.simulator.clear_journal()

    @property
    def writer(self):
        self._writer = self._writer or TopicWriter(self.broker.address, self.broker.client_settings)
        return self._writer

    def reader(self, topic):
        if topic not in self._readers:
            self._readers[topic] = TopicReader(self.broker.address, topic, self.broker.client_settings)
        return self._readers[topic]

    def submit(self, body=None, key=None, headers=(), partition=-1):
        """Writes a request: `body` as it is when bytes or None, as JSON otherwise."""
        value = json.dumps(body).encode() if isinstance(body, dict | list) else body
        return self.writer.write(self.request_topic, value, key, headers, partition)

    def submit_all(self, records, partition=-1):
        """`records`: (key, body, headers)."""
        encoded = [(key, json.dumps(body).encode(), headers) for key, body, headers in records]
        return self.writer.write_all(self.request_topic, encoded, partition)

    def ask(self, text="ping", model="claude", key=None, headers=(), partition=-1, **extras):
        """Submits an ordinary chat request."""
        return self.submit(chat(text, model, **extras), key, headers, partition)

    def reply(self, request, topic=None, timeout=20):
        """The one reply to `request`."""
        (reply,) = self._of(topic or self.reply_topic, request, timeout)
        return reply

    def dead_letter(self, request, timeout=20):
        (letter,) = self._of(self.dead_letter_topic, request, timeout)
        return letter

    def committed(self):
        """The group's committed position and its metadata for each partition of the request topic."""
        if self._group is None:
            self._group = Consumer({"bootstrap.servers": self.broker.address, "group.id": self.group, "log_level": 0})
        partitions = [TopicPartition(self.request_topic, number) for number in range(self.partitions)]
        return [(entry.offset, entry.metadata) for entry in self._group.committed(partitions, timeout=10)]

    def _of(self, topic, request, timeout):
        def matches(record):
            return ("x-relay-source", request.source.encode()) in record.headers

        return self.reader(topic).wait_for(matches, f"for request {request.source}", timeout=timeout)

    def event_record(self, request, timeout=20):
        """The one routing event of `request`, with its key."""
        source = {"topic": request.topic, "partition": request.partition, "offset": request.offset}
        (record,) = self.reader(self.event_topic).wait_for(
            lambda record: record.json()["source"] == source, f"for request {request.source}", timeout=timeout
        )
        return record

    def event(self, request, timeout=20):
        return self.event_record(request, timeout).json()

    def answers(self, requests, count=None, timeout=60):
        """Replies to `requests`, once `count` of them (default: all) have at least one: {source: [reply, ...]}."""
        wanted = {request.source for request in requests}
        answers = {}

        def is_first_answer(record):
            source = record.text("x-relay-source")
            answers.setdefault(source, []).append(record)
            return source in wanted and len(answers[source]) == 1

        count = len(wanted) if count is None else count
        self.reader(self.reply_topic).wait_for(is_first_answer, "an answer each", count, timeout)
        return answers


def chat(text="ping", model="claude", **extras):
    return {"model": model, "messages": [{"role": "user", "content": text}], **extras}

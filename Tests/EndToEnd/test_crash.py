"""The consumer dies with requests in flight and is started again: every request is answered, little is repeated."""

import collections
import json

from confluent_kafka import Producer

from completed_map import finished_offsets
from stage import HAIKU, Stage, chat, deployment
from waiting import wait_until


def test_every_request_is_answered_after_a_kill(tansu, simulator, start_relay):
    simulator.script(**{HAIKU: {"latency": "300ms"}})
    with Stage(tansu, simulator, partitions=4) as stage:
        config = stage.config(kafka={"session.timeout.ms": 2000}, relay={"partition_concurrency": 8})
        first = start_relay(config, stage.environment, "first").wait_until_ready()
        requests = []
        for partition in range(4):
            requests += stage.submit_all([(None, chat(f"[id:{partition}-{n}]"), []) for n in range(50)], partition)
        stage.answers(requests, count=60)

        first.kill()
        positions = [max(position, 0) for position, _ in stage.committed()]
        start_relay(config, stage.environment, "second")

        answers = stage.answers(requests)
        assert all(reply.text("x-relay-status") == "200" for replies in answers.values() for reply in replies)
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        repeated = {key for key, count in sent.items() if count > 1}
        assert max(sent.values()) <= 2
        committed = {f"{partition}-{n}" for partition in range(4) for n in range(positions[partition])}
        assert not repeated & committed


def test_finished_requests_are_not_repeated_when_an_earlier_one_was_open(noida, simulator, start_relay):
    """What is finished beyond the committed position is in the commit's metadata."""
    simulator.script(**{HAIKU: {"latency": "0ms"}, "anthropic.slow*": {"steps": "hang"}})
    with Stage(noida, simulator) as stage:
        # A static member: this broker never notices that a member died.
        config = stage.config(
            [
                {"model_name": "claude", "litellm_params": {"model": f"bedrock/{HAIKU}"}},
                {"model_name": "slow", "litellm_params": {"model": "bedrock/anthropic.slow-v1:0"}},
            ],
            kafka={"group.instance.id": "relay-0"},
        )
        first = start_relay(config, stage.environment, "first").wait_until_ready()
        before = stage.ask("[id:before]")
        open_request = stage.ask("[id:open]", "slow")
        behind = stage.submit_all([(None, chat(f"[id:{n}]"), []) for n in range(40)])
        stage.answers([before, *behind])
        # The commit after the next one was certainly made when all of them were finished.
        for _ in range(2):
            metadata = stage.committed()[0][1]
            stage.reply(stage.ask("[id:later]"))
            wait_until(lambda: stage.committed()[0][1] != metadata, "another commit")  # noqa: B023
        assert stage.committed()[0][0] == open_request.offset

        first.kill()
        simulator.script(**{"anthropic.slow*": {"steps": "200"}})
        start_relay(config, stage.environment, "second")

        assert stage.reply(open_request).text("x-relay-status") == "200"
        assert stage.reply(stage.ask("[id:last]")).text("x-relay-status") == "200"
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        assert sent["open"] == 2
        assert [sent[str(n)] for n in range(40)] == [1] * 40
        assert sent["before"] == 1


def write_in_transactions(stage, ids):
    """Requests, with an aborted transaction and a marker after each: offsets that no consumer is ever given."""

    def start(name):
        producer = Producer({
            "bootstrap.servers": stage.broker.address, "transactional.id": f"{stage.group}-{name}", "log_level": 0,
        })  # fmt: skip
        producer.init_transactions(10)
        return producer

    # An aborted one writes nothing more: see brokers.Noida.
    committing = start("commits")
    for id in ids:
        committing.begin_transaction()
        committing.produce(stage.request_topic, json.dumps(chat(f"[id:{id}]")))
        committing.commit_transaction(10)
        aborting = start(f"aborts-{id}")
        aborting.begin_transaction()
        aborting.produce(stage.request_topic, json.dumps(chat(f"[id:aborted-{id}]")))
        assert aborting.flush(10) == 0
        aborting.abort_transaction(10)


def test_what_is_finished_between_gaps_is_not_repeated(noida, simulator, start_relay):
    """Markers and aborted records leave gaps in a partition, as compaction does."""
    simulator.script(**{HAIKU: {"latency": "0ms"}, "anthropic.slow*": {"steps": "hang"}})
    with Stage(noida, simulator) as stage:
        models = [deployment("claude"), deployment("slow", "anthropic.slow-v1:0")]
        config = stage.config(models, kafka={"group.instance.id": "relay-0"})
        first = start_relay(config, stage.environment, "first").wait_until_ready()
        write_in_transactions(stage, ["before-1", "before-2"])
        opened = stage.ask("[id:open]", "slow")
        write_in_transactions(stage, map(str, range(10)))
        also_opened = stage.ask("[id:also-open]", "slow")
        write_in_transactions(stage, map(str, range(10, 20)))
        replies = stage.reader(stage.reply_topic).wait_for(lambda _: True, "answers", count=22)
        finished = {int(reply.text("x-relay-source").split("/")[2]) for reply in replies}

        def is_remembered():
            position, metadata = stage.committed()[0]
            remembered = finished_offsets(position, metadata)
            assert also_opened.offset not in remembered
            return position == opened.offset and {offset for offset in finished if offset > position} <= remembered

        wait_until(is_remembered, "a commit of all that is finished")
        first.kill()
        simulator.script(**{"anthropic.slow*": {"steps": "200"}})
        start_relay(config, stage.environment, "second")

        for request in (opened, also_opened, stage.ask("[id:last]")):
            assert stage.reply(request).text("x-relay-status") == "200"
        ends = list(stage.reader(stage.request_topic).ends().values())
        wait_until(lambda: [position for position, _ in stage.committed()] == ends, "all committed")
        sent = collections.Counter(entry["id"] for entry in simulator.entries())
        once = ["before-1", "before-2", "last", *map(str, range(20))]
        assert sent == {"open": 2, "also-open": 2, **dict.fromkeys(once, 1)}

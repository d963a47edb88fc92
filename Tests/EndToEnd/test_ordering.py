"""`relay.ordering`: what may overtake what, also when something is tried again, and from one run to the next."""

import collections

import pytest

from stage import HAIKU, Stage, chat, deployment

SLOW = "anthropic.slow-v1:0"


def sent(simulator):
    """Ids in the order in which they reached the model."""
    return [entry["id"] for entry in simulator.entries()]


@pytest.mark.parametrize("ordering", ["key", "partition"])
def test_a_retry_keeps_its_place(stage, start_relay, ordering):
    stage.simulator.script(**{HAIKU: {"steps": "500,200"}})
    requests = stage.submit_all([(key, chat(f"[id:{id}]"), []) for key, id in ["ka", "kb", "lc", "ld"]])
    config = stage.config(
        relay={"ordering": ordering}, router_settings={"num_retries": 1, "retry_after": 1, "disable_cooldowns": True}
    )
    start_relay(config, stage.environment)

    answers = stage.answers(requests)

    assert {reply.text("x-relay-status") for (reply,) in answers.values()} == {"200"}
    # Under `key` those of another key go past it meanwhile.
    assert sent(stage.simulator) == {"key": ["a", "c", "d", "a", "b"], "partition": ["a", "a", "b", "c", "d"]}[ordering]


def test_the_mode_can_be_changed_from_one_run_to_the_next(noida, simulator, start_relay):
    """What an earlier run has finished beyond an open request is remembered in any mode."""
    simulator.script(**{HAIKU: {"latency": "0ms"}, SLOW: {"steps": "hang"}})
    models = [deployment("claude"), deployment("slow", SLOW)]
    requests = []
    with Stage(noida, simulator) as stage:

        def start(number, ordering):
            config = stage.config(models, relay={"ordering": ordering, "shutdown_grace": 1})
            return start_relay(config, stage.environment, f"run-{number}").wait_until_ready()

        for number, ordering in enumerate(["unordered", "key", "partition", "key"]):
            relay = start(number, ordering)
            requests.append(stage.ask(f"[id:open-{number}]", "slow", key="open"))
            records = [(f"k{n % 3}", chat(f"[id:{number}-{n}]"), []) for n in range(12)]
            requests += stage.submit_all(records)
            # In partition order the first open request holds up all that are not finished yet.
            finished = {"unordered": 12, "key": 24, "partition": 24, "key again": 48}
            stage.answers(requests, count=finished["key again" if number == 3 else ordering])
            assert relay.terminate() == 0
        simulator.script(**{SLOW: {"steps": "200"}})
        start(4, "unordered")
        stage.answers(requests)

        replies = stage.reader(stage.reply_topic).read_to_end()
        assert collections.Counter(reply.text("x-relay-source") for reply in replies) == {
            request.source: 1 for request in requests
        }
        for number, ordering in enumerate(["unordered", "key", "partition", "key"]):
            ids = [id for id in sent(simulator) if id.startswith(f"{number}-")]
            assert sorted(ids) == sorted(f"{number}-{n}" for n in range(12)), ordering
            for key in range(3) if ordering != "unordered" else ():
                of_key = [id for id in ids if int(id.split("-")[1]) % 3 == key]
                assert of_key == [f"{number}-{n}" for n in range(key, 12, 3)]

"""Random schedules of faults over thousands of requests, judged by fault_checker.py.

`make test` runs a short form with fixed seeds, `make test-faults` longer ones with seeds of their own. A failure says how to
run it again.
"""

import contextlib
import os
import random
import subprocess

import pytest

from brokers import Noida, Tansu
from conftest import ROOT, binary
from fault_checker import check
from fault_plan import make_plan
from fault_world import FaultWorld
from kafka_mock import KafkaMock

AT_LEAST_ONCE, EXACTLY_ONCE = "at_least_once", "exactly_once"
# (world, ordering, delivery). Transactions are real on noida only: tansu shows what was aborted, and the mock brokers keep
# no positions of transactions.
SHORT = [
    ("mock", "key", AT_LEAST_ONCE),
    ("noida", "unordered", AT_LEAST_ONCE),
    ("noida", "key", EXACTLY_ONCE),
    ("tansu", "partition", AT_LEAST_ONCE),
]
LONG = [
    (world, ordering, delivery)
    for world, deliveries in {
        "mock": [AT_LEAST_ONCE], "noida": [AT_LEAST_ONCE, EXACTLY_ONCE], "tansu": [AT_LEAST_ONCE]
    }.items()
    for delivery in deliveries
    for ordering in ["unordered", "key", "partition"]
]  # fmt: skip

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "0"))  # 0: the short form
SECONDS = float(os.environ.get("FAULT_SECONDS") or (40 if ROUNDS else 14))


def scenarios():
    """(world, ordering, delivery, seed), as the environment asks for."""
    first = int(os.environ.get("FAULT_SEED") or (random.randrange(1_000_000) if ROUNDS else 1))
    names = ["FAULT_WORLD", "FAULT_ORDERING", "FAULT_DELIVERY"]
    for round in range(ROUNDS or 1):
        for scenario in LONG if ROUNDS else SHORT:
            if all(part in os.environ.get(name, part) for name, part in zip(names, scenario, strict=True)):
                yield *scenario, first + round


@contextlib.contextmanager
def broker_of(world, folder):
    match world:
        case "mock":
            with KafkaMock(binary("kafka-mock")) as broker:
                yield broker
        case "noida":
            with RestartableNoida(folder / "noida") as broker:
                yield broker
        case "tansu":
            with Tansu() as broker:
                yield broker


class RestartableNoida(Noida):
    def start_again(self):
        self.__init__(self.folder, self.port)


@pytest.fixture(scope="module")
def clock_library(tmp_path_factory):
    """A library that makes a program's clock jump when told to."""
    library = tmp_path_factory.mktemp("clock") / "clock_jump.so"
    source = ROOT / "Tests" / "EndToEnd" / "clock_jump.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, source], check=True)
    return library


@pytest.mark.parametrize("world, ordering, delivery, seed", list(scenarios()))
def test_nothing_is_lost_or_done_twice(world, ordering, delivery, seed, simulator, tmp_path, clock_library):
    plan = make_plan(world, seed, SECONDS)
    library = clock_library if world == "noida" else None  # where clocks jump
    with (
        broker_of(world, tmp_path) as broker,
        FaultWorld(
            world, broker, simulator, binary("bedrock-relay"), tmp_path, ordering, delivery, library
        ) as fault_world,
    ):
        fault_world.run(plan, SECONDS, seed)
        history = fault_world.history()
        problems = [*check(history), *fault_world.problems_of_programs()]

    events = "\n".join(f"  {event.at:6.2f} s  {event.action} {event.arguments}" for event in plan)
    again = f"FAULT_SEED={seed} FAULT_WORLD={world} FAULT_ORDERING={ordering} FAULT_SECONDS={SECONDS:g}"
    print(f"{len(history.requests)} requests, {len(history.sends)} sent upstream, {len(history.snapshots)} commits seen")
    assert not problems, (
        f"{len(problems)} problems, the first:\n  "
        + "\n  ".join(problems[:20])
        + f"\nwhat happened from {fault_world.start_ms:.0f} on:\n{events}"
        + f"\nrun it again with: make test-faults FAULT_ROUNDS=1 FAULT_DELIVERY={delivery} {again}"
    )

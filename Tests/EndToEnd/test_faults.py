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

# Which order is to be kept in the short form.
SHORT = {"mock": ["key"], "noida": ["unordered"], "tansu": ["partition"]}
LONG = {world: ["unordered", "key", "partition"] for world in SHORT}

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "0"))  # 0: the short form
SECONDS = float(os.environ.get("FAULT_SECONDS") or (40 if ROUNDS else 14))
DELIVERY = os.environ.get("FAULT_DELIVERY", "at_least_once")


def scenarios():
    """(world, ordering, seed), as the environment asks for."""
    first = int(os.environ.get("FAULT_SEED") or (random.randrange(1_000_000) if ROUNDS else 1))
    for round in range(ROUNDS or 1):
        for world, orderings in (LONG if ROUNDS else SHORT).items():
            if world not in os.environ.get("FAULT_WORLD", world):
                continue
            for ordering in orderings:
                if ordering in os.environ.get("FAULT_ORDERING", ordering):
                    yield world, ordering, first + round


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


@pytest.mark.parametrize("world, ordering, seed", list(scenarios()))
def test_nothing_is_lost_or_done_twice(world, ordering, seed, simulator, tmp_path, clock_library):
    plan = make_plan(world, seed, SECONDS)
    library = clock_library if world == "noida" else None  # where clocks jump
    with (
        broker_of(world, tmp_path) as broker,
        FaultWorld(
            world, broker, simulator, binary("bedrock-relay"), tmp_path, ordering, DELIVERY, library
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
        + f"\nwhat happened:\n{events}\nrun it again with: make test-faults FAULT_ROUNDS=1 FAULT_DELIVERY={DELIVERY} {again}"
    )

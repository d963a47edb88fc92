"""What goes wrong, and when: a random schedule that its seed determines."""

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Event:
    at: float  # seconds from the start
    action: str  # a method of FaultWorld
    arguments: tuple = ()


# Codes of the Kafka protocol that a healthy client goes on from, by kind of request; -195 hangs up.
MOCK_ERRORS = {
    "produce": [6, 7, 19, -195],  # not leader, timed out, not enough replicas
    "fetch": [6, -195],
    "metadata": [-195],
    "commit": [14, 15, 16, -195],  # coordinator loading, not available, not here
    "committed": [14, 16, -195],
    "heartbeat": [16, 22, 25, 27, -195],  # illegal generation, unknown member, rebalance in progress
    "join": [14, 15, 16],
    "sync": [16, 27],
    "find-coordinator": [15, -195],
}

UPSTREAM = [
    {"latency": "1..20ms"},
    {"latency": "20..200ms"},
    {"latency": "50ms~900ms"},
    {"latency": "1..20ms", "steps": "200*3,500,200*2,429,503", "repeat": "all"},
    {"latency": "1..20ms", "steps": "200*4,reset,200*3,reset-mid-body", "repeat": "all"},
    {"latency": "1..20ms", "steps": "200*6,malformed,truncated,empty,html/502", "repeat": "all"},
    {"latency": "1..20ms", "steps": "200*9,hang", "repeat": "all"},
    {"latency": "1..20ms", "steps": "500", "repeat": "last"},
]


def _mock(random):
    """One instance on three mock brokers; its sessions last 3 s."""
    kind = random.choice(
        ["errors"] * 5 + ["broker_down"] * 2 + ["round_trip", "move_leader", "move_coordinator", "upstream", "upstream"]
        + ["pause"]
    )  # fmt: skip
    match kind:
        case "errors":
            request = random.choice(list(MOCK_ERRORS))
            return kind, (request, *random.choices(MOCK_ERRORS[request], k=random.randint(1, 3)))
        case "broker_down":
            return kind, (random.randint(1, 3), round(random.uniform(0.2, 2), 2))
        case "round_trip":
            return kind, (random.randint(1, 3), random.choice([0, 30, 150]))
        case "move_leader":
            return kind, (random.randrange(4), random.randint(1, 3))
        case "move_coordinator":
            return kind, (random.randint(1, 3),)
        case "upstream":
            return kind, (random.randrange(len(UPSTREAM)),)
        case "pause":
            return kind, (0, round(random.choice([random.uniform(0.1, 1.5), 4.5]), 2))


def _noida(random):
    """One static member on a broker that can be restarted. It never gives up on a member that died, and of several static
    ones that come back it mixes up the assignments: so there is one.
    """
    kind = random.choice(
        ["kill"] * 3 + ["restart", "restart_broker", "pause", "jump_clock", "fence", "upstream", "upstream"]
    )
    instance = 0
    match kind:
        case "kill" | "restart" | "fence":
            return kind, (instance,)
        case "restart_broker":
            return kind, (round(random.uniform(0.1, 1), 2),)
        case "pause":
            return kind, (instance, round(random.uniform(0.1, 2), 2))
        case "jump_clock":
            return kind, (instance, random.choice([-86_400, -3600, -61, -5, 5, 61, 3600, 86_400]))
        case "upstream":
            return kind, (random.randrange(len(UPSTREAM)),)


def _tansu(random):
    """Three dynamic members: what one leaves the others take over."""
    kind = random.choice(["kill"] * 2 + ["restart", "pause", "pause", "upstream", "upstream"])
    instance = random.randrange(3)
    match kind:
        case "kill" | "restart":
            return kind, (instance,)
        case "pause":
            return kind, (instance, round(random.choice([random.uniform(0.1, 1), 5]), 2))
        case "upstream":
            return kind, (random.randrange(len(UPSTREAM)),)


# The choice of one event, and the mean time between two.
WORLDS = {"mock": (_mock, 0.7), "noida": (_noida, 1.3), "tansu": (_tansu, 3.0)}


def make_plan(world, seed, seconds):
    """Events within the middle of `seconds`: at first everything is well, and in the end it is again."""
    choose, interval = WORLDS[world]
    dice = random.Random(f"{world} {seed}")
    events, at = [], 1.0
    while (at := at + dice.expovariate(1 / interval)) < seconds - 1:
        action, arguments = choose(dice)
        events.append(Event(round(at, 2), action, arguments))
    if world == "mock":  # sessions must expire here, so crashes are few: one, where there is time left
        events.append(Event(round(dice.uniform(3, max(4, seconds * 0.6)), 2), "kill", (0,)))
    return sorted(events, key=lambda event: event.at)

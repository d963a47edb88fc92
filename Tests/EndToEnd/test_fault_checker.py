"""The checker finds what it is there to find: a good history, and each way to spoil it."""

import dataclasses
import random

import pytest

from completed_map import finished_offsets
from fault_checker import History, Outcome, Request, Send, Snapshot, check


def request(offset, key=b"k", id="", partition=0):
    return Request(f"t/{partition}/{offset}", partition, offset, f"r{offset}" if id == "" else id, key)


def good():
    """Three requests in order; a crash after the second repeated the third; the fourth was invalid."""
    requests = [request(0), request(1), request(2), request(3, id=None)]
    return History(
        requests=requests,
        replies=[Outcome(request.source, "200") for request in requests[:3]] + [Outcome("t/0/3", "400")],
        dead_letters=[Outcome("t/0/3", "400")],
        sends=[Send(100, "r0"), Send(200, "r1"), Send(300, "r2"), Send(900, "r2")],
        snapshots=[Snapshot(400, {0: 2}), Snapshot(1000, {0: 4})],
        ordering="partition",
        disruptions=1,
    )


def test_a_good_history_passes():
    assert check(good()) == []


SPOILT = {
    "a request without outcome": (dict(replies=good().replies[1:]), "no outcome"),
    "too many replies": (dict(replies=good().replies + good().replies[:1] * 2), "3 replies"),
    "a reply to nobody": (dict(replies=[*good().replies, Outcome("t/9/9", "200")]), "nobody asked for"),
    "two replies under exactly once": (
        dict(replies=good().replies + good().replies[:1], exactly_once=True),
        "2 replies, at most 1",
    ),
    "a status that cannot be": (dict(replies=[Outcome("t/0/0", "401"), *good().replies[1:]]), "answered with"),
    "an invalid request answered": (dict(replies=[*good().replies[:3], Outcome("t/0/3", "200")]), "answered with"),
    "a failure without dead letter": (dict(dead_letters=[]), "no dead letter"),
    "a dead letter of a success": (
        dict(dead_letters=[*good().dead_letters, Outcome("t/0/0", "500")]),
        "and a dead letter",
    ),
    "a finished request sent again": (dict(sends=[*good().sends, Send(901, "r1")]), "finished before"),
    "one finished beyond the position sent again": (
        dict(snapshots=[Snapshot(400, {0: 0}, {0: frozenset({2})}), Snapshot(1000, {0: 4})]),
        "finished before",
    ),
    "a send of nobody's request": (dict(sends=[*good().sends, Send(1, "x")]), "never asked for"),
    "replies out of order": (dict(replies=good().replies[1::-1] + good().replies[2:]), "answered before"),
    "sends out of order": (
        dict(sends=[Send(100, "r1"), Send(101, "r0"), *good().sends[2:]]),
        "sent upstream before",
    ),
    "a commit that goes back": (
        dict(snapshots=[Snapshot(400, {0: 2}), Snapshot(500, {0: 1}), Snapshot(1000, {0: 4})]),
        "committed 2, then 1",
    ),
    "a commit that forgets": (
        dict(snapshots=[Snapshot(950, {0: 1}, {0: frozenset({2})}), Snapshot(960, {0: 1}), Snapshot(1000, {0: 4})]),
        "forgotten",
    ),
    "an end that is not committed": (dict(snapshots=good().snapshots[:1]), "in the end"),
    "no commits at all": (dict(snapshots=[]), "nothing is known"),
}


@pytest.mark.parametrize("change, problem", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_history_is_found_out(change, problem):
    problems = check(dataclasses.replace(good(), **change))

    assert any(problem in sentence for sentence in problems), problems


def test_order_counts_only_where_it_is_promised():
    spoilt = dict(replies=good().replies[1::-1] + good().replies[2:])

    assert check(dataclasses.replace(good(), ordering="unordered", **spoilt)) == []
    assert check(dataclasses.replace(good(), ordering="key", **spoilt)) != []
    keyless = [dataclasses.replace(request, key=None) for request in good().requests]
    assert check(dataclasses.replace(good(), ordering="key", requests=keyless, **spoilt)) == []


def test_an_instance_that_was_stopped_may_send_what_others_have_finished():
    spoilt = dict(sends=[*good().sends, Send(901, "r1")])

    assert check(dataclasses.replace(good(), zombies=[(850, 950)], **spoilt)) == []


@pytest.mark.parametrize(
    "metadata, offsets",
    [
        ("", set()),
        ("br1bB", {101}),
        ("br1bgB", {106, 107}),
        ("br1rAA", {101}),
        ("br1rhBA", {134}),  # 34 unfinished, then one finished
    ],
)
def test_the_completed_map_is_read(metadata, offsets):
    assert finished_offsets(100, metadata) == offsets


def test_a_plan_depends_on_its_seed_only():
    from fault_plan import make_plan

    for world in ("mock", "noida", "tansu"):
        for seed in random.Random(1).sample(range(1_000_000), 20):
            plan = make_plan(world, seed, 20)
            assert plan == make_plan(world, seed, 20)
            assert plan != make_plan(world, seed + 1, 20)
            assert [event.at for event in plan] == sorted(event.at for event in plan)

"""Judges what a run under faults left behind: topics, the simulator's journal, committed positions. Knows nothing of how
the relay works, only what it promises (README.md, "What a crash repeats").
"""

import bisect
import collections
import dataclasses

# Statuses that a good request may be answered with when Bedrock or time fail it.
STATUSES = {"200", "408", "429", "500", "502", "503", "504"}
# Clocks of two processes, read one after the other, on one machine.
CLOCK_SKEW_MS = 5


@dataclasses.dataclass(frozen=True)
class Request:
    source: str  # topic/partition/offset
    partition: int
    offset: int
    id: str | None  # what the simulator's journal calls it; None: not to be sent upstream
    key: bytes | None = None


@dataclasses.dataclass(frozen=True)
class Outcome:
    """A reply or a dead letter, in the order of its topic's one partition."""

    source: str
    status: str


@dataclasses.dataclass(frozen=True)
class Send:
    """An attempt that reached the simulator."""

    time_ms: float
    id: str


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What the group had committed, known at `time_ms`."""

    time_ms: float
    positions: dict[int, int]
    finished: dict[int, frozenset[int]] = dataclasses.field(default_factory=dict)  # beyond the positions

    def remembers(self, partition, offset):
        return offset < self.positions.get(partition, 0) or offset in self.finished.get(partition, ())


@dataclasses.dataclass
class History:
    requests: list[Request]
    replies: list[Outcome]
    dead_letters: list[Outcome]
    sends: list[Send]
    snapshots: list[Snapshot]
    ordering: str = "unordered"
    exactly_once: bool = False
    # Crashes and lost memberships: after each, a request that was in flight may be sent and answered again.
    disruptions: int = 0
    # Times (from, to) when an instance may still work on what others own, having been stopped or cut off.
    zombies: list[tuple[float, float]] = dataclasses.field(default_factory=list)


def check(history):
    """What is wrong, one sentence each; empty when all is well."""
    return [
        *_outcomes(history),
        *_dead_letters(history),
        *_repeated_sends(history),
        *_order_of_replies(history),
        *_order_of_sends(history),
        *_commits(history),
    ]


def _outcomes(history):
    known = {request.source: request for request in history.requests}
    replies = collections.defaultdict(list)
    for reply in history.replies:
        if reply.source not in known:
            yield f"a reply to {reply.source}, which nobody asked for"
        replies[reply.source].append(reply.status)
    most = 1 if history.exactly_once else 1 + history.disruptions
    for source, request in known.items():
        statuses = replies[source]
        if not statuses:
            yield f"{source}: no outcome; {_whereabouts(history, request)}"
        if len(statuses) > most:
            yield f"{source}: {len(statuses)} replies, at most {most} can be explained"
        allowed = STATUSES if request.id else {"400", "404"}
        if not allowed.issuperset(statuses):
            yield f"{source}: answered with {statuses}"


def _whereabouts(history, request):
    """What is known of a request beside its outcomes."""
    sends = ", ".join(f"{send.time_ms:.0f}" for send in history.sends if send.id == request.id) or "never"
    remembered = [
        snapshot.time_ms for snapshot in history.snapshots if snapshot.remembers(request.partition, request.offset)
    ]
    return f"{request.id} sent upstream: {sends}; finished by the commits from {min(remembered, default=-1):.0f} on"


def _dead_letters(history):
    replies = collections.defaultdict(set)
    for reply in history.replies:
        replies[reply.source].add(reply.status)
    buried = {letter.source for letter in history.dead_letters}
    for source, statuses in replies.items():
        if statuses == {"200"} and source in buried:
            yield f"{source}: answered with 200 only, and a dead letter"
        if "200" not in statuses and source not in buried:
            yield f"{source}: failed with {sorted(statuses)} and no dead letter"


def _repeated_sends(history):
    """No finished request is sent upstream again."""
    by_id = {request.id: request for request in history.requests if request.id}
    twice = _written_twice(history)
    snapshots = sorted(history.snapshots, key=lambda snapshot: snapshot.time_ms)
    for send in history.sends:
        request = by_id.get(send.id)
        if request is None:
            yield f"{send.id}: sent upstream, but never asked for"
            continue
        if send.id in twice or any(start <= send.time_ms <= end for start, end in history.zombies):
            continue
        before = bisect.bisect_left(snapshots, send.time_ms - CLOCK_SKEW_MS, key=lambda snapshot: snapshot.time_ms)
        if before and snapshots[before - 1].remembers(request.partition, request.offset):
            yield f"{request.source} ({send.id}): sent upstream at {send.time_ms:.0f}, finished before"


def _written_twice(history):
    """Ids that a broker wrote into two records when it failed: their sends cannot be told apart."""
    return {id for id, count in collections.Counter(request.id for request in history.requests).items() if count > 1}


def _in_order(history):
    """Lists of requests whose order is to be kept."""
    lanes = collections.defaultdict(list)
    for request in sorted(history.requests, key=lambda request: request.offset):
        if history.ordering == "partition":
            lanes[request.partition].append(request)
        elif history.ordering == "key" and request.key is not None:
            lanes[request.partition, request.key].append(request)
    return lanes


def _order_of_replies(history):
    first = {}
    for number, reply in enumerate(history.replies):
        first.setdefault(reply.source, number)
    for lane, requests in _in_order(history).items():
        answered = [request for request in requests if request.source in first]
        for earlier, later in zip(answered, answered[1:], strict=False):
            if first[earlier.source] > first[later.source]:
                yield f"{lane}: {later.source} answered before {earlier.source}"


def _order_of_sends(history):
    """A request answered twice does not count: it may have been answered first without being sent."""
    first = {}
    for send in sorted(history.sends, key=lambda send: send.time_ms):
        first.setdefault(send.id, send.time_ms)
    answers = collections.Counter(reply.source for reply in history.replies)
    twice = _written_twice(history)
    for lane, requests in _in_order(history).items():
        sent = [
            request
            for request in requests
            if request.id in first and request.id not in twice and answers[request.source] < 2
        ]
        for earlier, later in zip(sent, sent[1:], strict=False):
            if first[earlier.id] > first[later.id]:
                times = f"{first[later.id]:.0f} and {first[earlier.id]:.0f}"
                yield f"{lane}: {later.id} sent upstream before {earlier.id} ({times})"


def _commits(history):
    """Positions do not go back, what is finished stays finished, in the end everything is."""
    snapshots = sorted(history.snapshots, key=lambda snapshot: snapshot.time_ms)
    for earlier, later in zip(snapshots, snapshots[1:], strict=False):
        for partition, position in earlier.positions.items():
            now = later.positions.get(partition, 0)
            if now < position:
                yield f"partition {partition}: committed {position}, then {now}"
            forgotten = {
                offset for offset in earlier.finished.get(partition, ()) if not later.remembers(partition, offset)
            }
            if forgotten:
                yield f"partition {partition}: finished {sorted(forgotten)[:5]} forgotten by a later commit"
    if not snapshots:
        yield "nothing is known of the commits"
        return
    ends = collections.Counter()
    for request in history.requests:
        ends[request.partition] = max(ends[request.partition], request.offset + 1)
    for partition, end in ends.items():
        if snapshots[-1].positions.get(partition, 0) < end:
            yield f"partition {partition}: {snapshots[-1].positions.get(partition)} committed in the end, not {end}"

"""A broker, a simulator and instances of the relay under load, with everything that can go wrong on command."""

import itertools
import os
import random
import re
import signal
import struct
import threading
import time

from confluent_kafka import Producer

from completed_map import finished_offsets
from fault_checker import History, Outcome, Request, Send, Snapshot
from fault_load import LoadWriter
from fault_plan import UPSTREAM
from group_offsets import GroupOffsets
from relay import Relay
from stage import HAIKU, SONNET, Stage, chat, deployment
from waiting import wait_until

PARTITIONS = 4
REQUESTS_PER_SECOND = 100
# Where each request of a partition waits for the last one's transaction.
SLOW_REQUESTS_PER_SECOND = 20
# How long an instance may take to notice that its partitions are others' now.
ZOMBIE_GRACE_MS = 3000
GOOD_UPSTREAM = {"latency": "1..20ms", "steps": "200", "repeat": "last"}


class FaultWorld:
    """Runs a plan, ends well, and tells the history. `world` says which faults the broker is made for."""

    def __init__(self, world, broker, simulator, binary, folder, ordering, delivery, clock_library=None):
        """`broker`: what `restart_broker` puts a new one in place of."""
        self.world = world
        self.broker = broker
        self.simulator = simulator
        self.ordering = ordering
        self.delivery = delivery
        self._binary = binary
        self._folder = folder
        self._clock_library = clock_library
        self._clocks = [0] * 3
        self.stage = Stage(broker, simulator, PARTITIONS, reply_partitions=1)
        self.simulator.script(**{"anthropic.*": GOOD_UPSTREAM})
        self.instances = [self._start(number) for number in range({"mock": 1, "noida": 1, "tansu": 3}[world])]
        self._offsets = GroupOffsets(broker.address, self.stage.group, self.stage.request_topic, PARTITIONS)
        self._snapshots = []
        self._disruptions = 0
        self._zombies = []
        self._plan_is_over = threading.Event()
        self._is_over = threading.Event()
        self._load_may_run = threading.Lock()
        self._threads = []
        self._failures = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over.set()
        for thread in self._threads:
            thread.join()
        for instance in self.instances:
            instance.process.send_signal(signal.SIGCONT)
            instance.kill()
        self.stage.__exit__()
        self._offsets.close()

    def run(self, plan, seconds, seed):
        """Carries out `plan` under load, then waits until everything is answered and committed."""
        for instance in self.instances:
            instance.wait_until_ready()
        self._threads = [
            threading.Thread(target=self._guard, args=work)
            for work in [(self._write, seconds, seed), (self._watch_commits,)]
        ]
        for thread in self._threads:
            thread.start()
        self.start_ms = time.time() * 1000
        start = time.monotonic()
        for event in plan:
            self._is_over.wait(max(0, start + event.at - time.monotonic()))
            if self.world == "tansu" and event.action in ("kill", "restart", "pause"):
                self._wait_until_group_is_formed()
            getattr(self, event.action)(*event.arguments)
        self._calm_down()
        self._plan_is_over.set()
        self._threads[0].join()
        self._wait_until_settled()
        self._is_over.set()
        self._threads[1].join()

    def _guard(self, work, *arguments):
        """Runs a thread's work; what goes wrong in it is a problem of the test."""
        try:
            work(*arguments)
        except Exception as error:
            self._failures.append(f"the test itself failed: {error!r}")

    def _wait_until_group_is_formed(self):
        """Tansu does not tell a member that goes or stands still while others join that it is left out, or waits for it for
        ever: what a broker gets wrong is not to be tested here.
        """

        def is_formed():
            shares = [instance.assigned_partitions() for instance in self.instances]
            return all(shares) and sorted(sum(shares, [])) == list(range(PARTITIONS))

        wait_until(is_formed, "the group is formed", timeout=30, interval=0.1)

    # What can happen.

    def kill(self, number):
        """A crash, and a supervisor that starts the program again."""
        self._disruptions += 1
        self.instances[number].kill()
        if self.world == "noida":
            self.broker.wait_until_hung_up()
        self.instances[number] = self._start(number)

    def restart(self, number):
        """An orderly stop and start: nothing may be repeated for it."""
        self.instances[number].terminate()
        self.instances[number] = self._start(number)

    def pause(self, number, seconds):
        """A machine that stands still for a while."""
        start = time.time() * 1000
        self._disruptions += 1
        self.instances[number].process.send_signal(signal.SIGSTOP)
        self._is_over.wait(seconds)
        self.instances[number].process.send_signal(signal.SIGCONT)
        self._zombies.append((start, time.time() * 1000 + ZOMBIE_GRACE_MS))

    def jump_clock(self, number, seconds):
        self._clocks[number] += seconds
        self._write_clock(number)

    def restart_broker(self, seconds):
        """The broker's process ends, having written what it knows, and is started again.

        This broker loses what it acknowledges while it ends, so everybody stands still for that long; then they find their
        connections gone, and the broker without memory of their producers. It forgets transactional ids as well, and with
        them who is to be shut out and which transactions to end: where there are some, the instances crash with it.
        """
        self._disruptions += 1
        with self._load_may_run:
            if self.delivery == "exactly_once":
                self._crash_all()
            else:
                self._signal_all(signal.SIGSTOP)
            self._is_over.wait(0.2)  # for what is on its way to the broker
            self.broker.stop()
            self._is_over.wait(seconds)
            self.broker.start_again()
            if self.delivery == "exactly_once":
                self.instances = [self._start(number) for number in range(len(self.instances))]
            else:
                self._signal_all(signal.SIGCONT)

    def _crash_all(self):
        for instance in self.instances:
            instance.kill()
        self.broker.wait_until_hung_up()

    def _signal_all(self, number):
        for instance in self.instances:
            instance.process.send_signal(number)

    def fence(self, number):
        """A second producer with the transactional id of an instance, where it has one: brokers shut the older out, and
        its transaction is aborted.
        """
        rival = Producer({
            "bootstrap.servers": self.broker.address,
            "transactional.id": f"{self.stage.group}-{self._member(number)}",
            "log_level": 0,
        })
        rival.init_transactions(10)

    def upstream(self, number):
        self.simulator.script(**{"anthropic.*": {**GOOD_UPSTREAM, **UPSTREAM[number]}})

    def errors(self, request, *codes):
        self._disruptions += 1
        self.broker.command("errors", request, *codes)

    def broker_down(self, broker, seconds):
        self._disruptions += 1
        self.broker.command("down", broker)
        self._is_over.wait(seconds)
        self.broker.command("up", broker)

    def round_trip(self, broker, milliseconds):
        self.broker.command("rtt", broker, milliseconds)

    def move_leader(self, partition, broker):
        self.broker.command("leader", self.stage.request_topic, partition, broker)

    def move_coordinator(self, broker):
        self._disruptions += 1
        self.broker.command("coordinator", self.stage.group, broker)

    def _calm_down(self):
        self.simulator.script(**{"anthropic.*": GOOD_UPSTREAM})
        if self.world == "mock":
            for broker in self.broker.brokers:
                self.broker.command("rtt", broker, 0)

    # The programs.

    def _start(self, number):
        kafka = {
            "reconnect.backoff.max.ms": 500,
            "session.timeout.ms": {"mock": 3000, "noida": 6000, "tansu": 2000}[self.world],
        }
        if self.world == "mock":
            # It takes what follows a batch that it has refused, which no broker does for an idempotent producer: clients
            # conclude that the refused one was written after all.
            kafka["max.in.flight.requests.per.connection"] = 1
        if self.world == "noida":  # it never notices that a member died
            kafka["group.instance.id"] = self._member(number)
        config = self.stage.config(
            [deployment("claude", HAIKU, timeout=2), deployment("claude", SONNET, timeout=2)],
            kafka=kafka,
            relay={
                "ordering": self.ordering,
                "delivery": self.delivery,
                "partition_concurrency": 16,
                "request_deadline": 1_000_000,  # clocks jump by days
            },
            router_settings={"num_retries": 2, "cooldown_time": 1},
        )
        environment = {**self.stage.environment, "AWS_REGION": "us-east-1"}
        if self._clock_library:
            self._write_clock(number)
            libraries = [str(self._clock_library), os.environ.get("LD_PRELOAD", "")]  # a sanitizer may need one, too
            environment |= {
                "LD_PRELOAD": " ".join(libraries).strip(),
                "CLOCK_JUMP_FILE": str(self._clock_file(number)),
            }
        return Relay(self._binary, config, self._folder, environment, f"relay-{number}")

    def _member(self, number):
        return f"relay-{number}"

    def _clock_file(self, number):
        return self._folder / f"clock-{number}"

    def _write_clock(self, number):
        file = self._clock_file(number)
        with file.open("r+b" if file.exists() else "wb") as clock:  # in place: the program has it mapped
            clock.write(struct.pack("<q", self._clocks[number] * 1_000_000_000))

    # The load.

    def _write(self, seconds, seed):
        """Requests at a steady rate, for `seconds` and while the plan goes on; a few of each hundred cannot be answered."""
        dice = random.Random(f"load {seed}")
        writer = LoadWriter(self.broker.address, self.stage.request_topic, self._is_over, self._load_may_run)
        is_slow = self.ordering == "partition" and self.delivery == "exactly_once"
        rate = SLOW_REQUESTS_PER_SECOND if is_slow else REQUESTS_PER_SECOND
        start = time.monotonic()
        for number in itertools.count():
            if number >= seconds * rate and self._plan_is_over.is_set():
                break
            self._is_over.wait(max(0, start + number / rate - time.monotonic()))
            if self._is_over.is_set():
                return
            key = f"key-{dice.randrange(20)}".encode() if dice.random() < 0.7 else None
            padding = "x" * dice.randrange(2000)
            match dice.randrange(50):
                case 0:
                    writer.write(key, lambda _: {"messages": "none"})
                case 1:
                    writer.write(key, lambda _: chat("who?", model="nobody"))
                case _:
                    writer.write(key, lambda id, padding=padding: chat(f"[id:{id}] {padding}"))
        writer.finish()

    # What is seen.

    def _watch_commits(self):
        while not self._is_over.wait(0.1):
            self._take_snapshot()

    def _take_snapshot(self):
        committed = self._offsets.read()
        if committed is None:
            return  # a broker that is away
        positions = {partition: max(position, 0) for partition, (position, _) in enumerate(committed)}
        finished = {
            partition: frozenset(finished_offsets(position, metadata))
            for partition, (position, metadata) in enumerate(committed)
            if position >= 0
        }
        self._snapshots.append(Snapshot(time.time() * 1000, positions, finished))

    def _wait_until_settled(self):
        """Everything answered and committed; what is not by then is the checker's to tell."""
        reader = self.stage.reader(self.stage.request_topic)

        def is_settled():
            ends = reader.ends()  # each time: tansu may tell an end that lacks what it has just acknowledged
            last = self._snapshots[-1].positions if self._snapshots else {}
            return all(last.get(partition, 0) >= end for partition, end in ends.items())

        try:
            wait_until(is_settled, "all committed", timeout=60, interval=0.2)
        except AssertionError:
            return

    def problems_of_programs(self):
        """Instances that ended by themselves, or wrote what is no log line; and the test's own threads."""
        yield from self._failures
        for instance in self.instances:
            if not instance.is_running:
                yield f"{instance.name} ended: {instance.report()}"
            instance.events()

    def history(self):
        def outcomes(topic, status):
            records = self.stage.reader(topic).read_to_end(60)
            return [Outcome(record.text("x-relay-source"), record.text(status)) for record in records]

        return History(
            requests=[_request(record) for record in self.stage.reader(self.stage.request_topic).read_to_end(60)],
            replies=outcomes(self.stage.reply_topic, "x-relay-status"),
            dead_letters=outcomes(self.stage.dead_letter_topic, "x-relay-error-status"),
            sends=[Send(entry["time_ms"], entry["id"]) for entry in self.simulator.entries()],
            snapshots=list(self._snapshots),
            ordering=self.ordering,
            exactly_once=self.delivery == "exactly_once",
            disruptions=self._disruptions,
            zombies=self._zombies if self.world != "noida" else [],
        )


def _request(record):
    marker = re.search(rb"\[id:([^\]]+)\]", record.value)
    return Request(record.source, record.partition, record.offset, marker and marker[1].decode(), record.key)

"""A process that can no longer do its work says so: a wedged loop to who asks for its health, a fatal error by its end."""

import contextlib
import ctypes
import os
import pathlib
import signal
import threading

import requests

from stage import HAIKU, Stage
from waiting import wait_until

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WAIT_FOR_THREADS = 0x40000000  # __WALL

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, thread):
    assert _libc.ptrace(request, thread, None, None) == 0, os.strerror(ctypes.get_errno())


@contextlib.contextmanager
def stopped_thread(process, name):
    """One thread of a child process stands still; all others go on."""
    tasks = pathlib.Path(f"/proc/{process}/task")
    (thread,) = [int(task.name) for task in tasks.iterdir() if (task / "comm").read_text().strip() == name]
    ptrace(PTRACE_SEIZE, thread)
    ptrace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WAIT_FOR_THREADS)
    try:
        yield
    finally:
        ptrace(PTRACE_DETACH, thread)


def test_a_wedged_loop_makes_the_process_unhealthy(stage, start_relay):
    relay = start_relay(stage.config(), stage.environment).wait_until_ready()
    assert relay.get("/healthz").status_code == 200

    with stopped_thread(relay.process.pid, "request-path"):
        # A page that needs the loop waits for it, and holds up no other.
        waiting = threading.Thread(target=lambda: requests.get(relay.admin_url + "/metrics", timeout=60), daemon=True)
        waiting.start()
        relay.wait_until(lambda: relay.get("/healthz").status_code == 503, "unhealthy", timeout=30)
        assert "event loop" in relay.get("/healthz").text

    waiting.join(30)
    relay.wait_until(lambda: relay.get("/healthz").status_code == 200, "healthy again")
    assert stage.reply(stage.ask()).text("x-relay-status") == "200"


def test_a_fatal_error_ends_the_process_and_the_work_is_done_elsewhere(stage, start_relay):
    """Of two static members with one id, brokers end the older."""
    stage.simulator.script(**{HAIKU: {"steps": "hang"}})
    config = stage.config(kafka={"group.instance.id": "relay-0"})
    first = start_relay(config, stage.environment, "first").wait_until_ready()
    request = stage.ask()
    wait_until(lambda: stage.simulator.journal()["requests"] == 1, "the request in flight")

    stage.simulator.script(**{HAIKU: {"steps": "200"}})
    start_relay(config, stage.environment, "second")

    assert first.wait(25) == 1
    (line,) = first.events("fatal")
    assert line["level"] == "error"
    assert "FENCED_INSTANCE_ID" in line["reason"]
    assert stage.reply(request).text("x-relay-status") == "200"


def test_a_broker_that_is_gone_does_not_hold_up_the_end(own_noida, simulator, start_relay):
    """What waits for its acknowledgement then waits in vain."""
    broker = own_noida()
    with Stage(broker, simulator) as stage:
        simulator.script(**{HAIKU: {"latency": "300ms"}})
        config = stage.config(relay={"shutdown_grace": 2})
        relay = start_relay(config, stage.environment).wait_until_ready()
        stage.ask()
        wait_until(lambda: simulator.journal()["requests"] == 1, "the request in flight")
        broker.process.process.send_signal(signal.SIGKILL)

        assert relay.terminate(timeout=30) == 0

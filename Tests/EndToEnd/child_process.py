"""A program under test in its own process, which does not outlive the tests."""

import ctypes
import re
import signal
import subprocess
import threading
import time

from waiting import patient

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class ChildProcess:
    """Starts `command` and keeps every line it prints on standard output and standard error.

    Ended by `terminate`, by `kill`, on leaving a `with` block, and by the kernel when the tests themselves die.
    """

    started = []  # for the reports of failed tests; conftest.py forgets those that ended before a test

    def __init__(self, name, command, environment=None, stdin=subprocess.DEVNULL):
        self.name = name
        self._lines = []
        self._changed = threading.Condition()
        self._readers_left = 2
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        ChildProcess.started.append(self)
        for stream in (self.process.stdout, self.process.stderr):
            threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _read(self, stream):
        for line in stream:
            with self._changed:
                self._lines.append(line.decode(errors="replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._readers_left -= 1
            self._changed.notify_all()

    @property
    def lines(self):
        with self._changed:
            return list(self._lines)

    @property
    def is_running(self):
        return self.process.poll() is None

    def wait_for_line(self, pattern, timeout=10):
        """The match of the first line that `pattern` is found in; fails when the program ends without one."""
        deadline = time.monotonic() + patient(timeout)
        seen = 0
        with self._changed:
            while True:
                for line in self._lines[seen:]:
                    if match := re.search(pattern, line):
                        return match
                seen = len(self._lines)
                left = deadline - time.monotonic()
                if self._readers_left == 0 or left <= 0:
                    break
                self._changed.wait(left)
        raise AssertionError(f"{self.name} did not print {pattern!r}\n{self.report()}")

    def write_line(self, line):
        """To the program's standard input, which is to be a pipe."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def wait_for_line_after(self, count, timeout=10):
        """The line that follows the first `count` lines."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._lines) > count or self._readers_left == 0, patient(timeout))
            if len(self._lines) > count:
                return self._lines[count]
        raise AssertionError(f"{self.name} printed no more\n{self.report()}")

    def wait_until(self, is_ready, what, timeout=20, interval=0.05):
        """Polls `is_ready` until it returns something true, which is the result."""
        deadline = time.monotonic() + patient(timeout)
        while time.monotonic() < deadline:
            if not self.is_running:
                raise AssertionError(f"{self.name} ended before {what}\n{self.report()}")
            if result := is_ready():
                return result
            time.sleep(interval)
        raise AssertionError(f"{self.name}: not {what} within {timeout} s\n{self.report()}")

    def terminate(self, timeout=40):
        """Asks the program to stop and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self):
        """Ends the program as a crash or the OOM killer would."""
        self.process.kill()
        return self.wait(10)

    def wait(self, timeout):
        """The exit code, once the program has ended and all it printed is read."""
        code = self.process.wait(patient(timeout))
        with self._changed:
            self._changed.wait_for(lambda: self._readers_left == 0, timeout=5)
        return code

    def stop(self):
        """Makes sure that it is gone, politely first."""
        if not self.is_running:
            return
        try:
            self.terminate(timeout=10)
        except subprocess.TimeoutExpired:
            self.kill()

    def report(self):
        """What a failed test needs to see."""
        printed = "\n".join(f"  {line}" for line in self.lines[-60:])
        return f"{self.name}: exit code {self.process.poll()}; its last lines:\n{printed}"

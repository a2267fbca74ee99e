"""Who takes on ended sessions while reading goes on: a process of its own, in which a build slows no reader."""

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from simrace.build.dbt import ParsedProject
from simrace.database.connection import connection_parameters
from simrace.live.closing import EndedSession, close
from simrace.logs import log_event
from simrace.operations import commands

PATIENCE_S = 60  # for sessions that are being made logs when the reader is told to end
READY_AFTER_S = 10.0  # a reader that reads so long will need it; to make ready takes some seconds of a processor


class Worker:
    """The process. It keeps the project parsed, so that a session is in the marts as soon as by `simrace watch`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def begin(self) -> None:
        """Start it, where it does not run."""
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "simrace.live.closer"]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def close(self, ended: list[EndedSession]) -> None:
        """Make logs of sessions.

        Raises:
            OSError: the process has ended meanwhile.
        """
        self.begin()
        if self._process and self._process.stdin and self._process.stdout:
            self._process.stdin.write(json.dumps([(each.stream, each.session_mark) for each in ended]) + "\n")
            self._process.stdin.flush()
            if not self._process.stdout.readline():
                raise OSError("the process has ended")

    def end(self) -> None:
        """Give it nothing more; it ends when what is at hand is done."""
        if self._process and self._process.stdin:
            self._process.stdin.close()


class Closer:
    """Gives ended sessions to the worker, one call at a time."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._worker = Worker()
        self._is_at_work = False
        self._ended: list[EndedSession] = []
        self._changed = threading.Condition()
        self._is_stopped = False
        self._thread = threading.Thread(target=self._work, name="live closing", daemon=True)

    def start(self) -> None:
        """Begin to wait for sessions that end."""
        self._thread.start()

    def add(self, ended: list[EndedSession]) -> None:
        """Take these on when those before them are done."""
        with self._changed:
            self._ended += [each for each in ended if each not in self._ended]
            self._changed.notify()

    def stop(self) -> None:
        """Let the call at hand come to its end, and make no other."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
            if self._is_at_work or self._ended:
                self._say(
                    f"Sessions that ended are being made logs. This waits up to {PATIENCE_S} s for it; "
                    "`simrace live --close` takes up what is left."
                )
        if self._thread.is_alive():
            self._thread.join(timeout=PATIENCE_S)

    def _work(self) -> None:
        ready_at: float | None = time.monotonic() + READY_AFTER_S
        while True:
            with self._changed:
                if not (self._ended or self._is_stopped):
                    self._changed.wait(None if ready_at is None else max(0.0, ready_at - time.monotonic()))
                ended, self._ended = self._ended, []
                self._is_at_work = bool(ended)
                if not ended and self._is_stopped:
                    break
            if not ended and (ready_at is None or time.monotonic() < ready_at):
                continue
            ready_at = None
            try:
                if ended:
                    self._worker.close(ended)
                else:
                    self._worker.begin()
            except (OSError, ValueError) as error:
                log_event("live_closing_failed", error=f"{type(error).__name__}: {error}"[:300])
            self._is_at_work = False
        self._worker.end()


def main() -> None:
    """Close sessions, a line of JSON for each call, until there are no more lines."""
    for each in (signal.SIGINT, signal.SIGTERM):  # Ctrl-C is for the reader, after which no lines come
        signal.signal(each, signal.SIG_IGN)
    parsed = ParsedProject()
    commands.prepare(parsed, commands.say_in_log)
    for line in sys.stdin:
        try:
            ended = [EndedSession(*each) for each in json.loads(line)]
            close(connection_parameters(commands.say_in_log), ended, parsed)
        except Exception as error:
            log_event("live_closing_failed", error=f"{type(error).__name__}: {error}"[:300])
        print("done", flush=True)
        commands.prepare(parsed, commands.say_in_log)


if __name__ == "__main__":
    main()

"""The one that reads: messages of all sources become frames of streams, and are written about twice a second."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from simrace.database.connection import ConnectionParameters, DatabaseError
from simrace.live.closer import Closer
from simrace.live.inbox import Inbox, Message, Tally
from simrace.live.intake import Intake
from simrace.live.store import Source, Store
from simrace.logs import log_event

STREAMS_AT_ONCE = 1_000
FRAMES_PENDING = 20_000
BYTES_PENDING = 32 << 20
EARLY = 0.2  # part of the time between two commits after which one is made for senders that wait for it
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0


@dataclass(frozen=True)
class Options:
    """How to read.

    Attributes:
        every_s: From one commit to the next.
        silence_s: Without a frame, after which a session has ended.
        streams: How many there may be at a time; frames of others are refused.
    """

    every_s: float = 0.5
    silence_s: float = 60.0
    streams: int = STREAMS_AT_ONCE


class Reader:
    """Reads messages from its inbox until it is stopped.

    Sources put messages in from threads of their own. All else happens in the thread that calls `run`.
    """

    def __init__(
        self,
        parameters: ConnectionParameters,
        project: Path,
        options: Options = Options(),
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.inbox = Inbox()
        self.store = Store(parameters)
        self.lags: dict[str, int] = {}  # frames that wait at a broker, by source; its thread writes it
        self._parameters = parameters
        self._options = options
        self._say = say
        self._intake = Intake(
            project,
            options.streams,
            options.silence_s,
            lambda name: self.patiently(lambda: self.store.read_source(name)),
            lambda name: self.patiently(lambda: self.store.read_stream(name)),
            say,
        )
        self._waiting: list[tuple[Callable[[Tally], None], Tally]] = []
        self._is_waited_for = False
        self._stopped = threading.Event()
        self._closer = Closer(say)

    def stop(self) -> None:
        """Let `run` write what it has and return."""
        self._stopped.set()
        self.inbox.close()

    def run(self) -> None:
        """Read until `stop`.

        Raises:
            TakenError: another reader has a source.
        """
        self._closer.start()
        due = time.monotonic() + self._options.every_s
        try:
            while not self._stopped.is_set():
                now = time.monotonic()
                early = due - (1 - EARLY) * self._options.every_s
                for message in self.inbox.take(max(0.0, (early if self._is_waited_for else due) - now)):
                    self._take(message)
                now = time.monotonic()
                is_waited_for = self._is_waited_for and now >= early
                intake = self._intake
                is_full = intake.pending_frames >= FRAMES_PENDING or intake.pending_bytes >= BYTES_PENDING
                if now >= due or is_waited_for or is_full:
                    intake.end_silent()
                    self._write()
                    # what a commit takes is no part of the time between two; who is behind does not hurry after
                    due = max(due + self._options.every_s, time.monotonic() + EARLY * self._options.every_s)
            while messages := self.inbox.take(0):
                for message in messages:
                    self._take(message)
            self._intake.finish_moments(all_of_them=True)
            self._write()
        finally:
            self.inbox.close()
            self._closer.stop()
            self.store.close()

    def source(self, name: str) -> Source:
        """A source as it is known; call it before `run`, or in its thread."""
        return self._intake.source(name)

    def resume(self, name: str) -> None:
        """Know the streams of a source whose sessions are open, so that they end by silence though nothing comes."""
        for stream in self.patiently(lambda: self.store.read_open_streams(name)):
            self._intake.stream(stream, name)

    def _take(self, message: Message) -> None:
        tally = self._intake.take(message)
        if message.done:
            self._waiting.append((message.done, tally))
            self._is_waited_for = self._is_waited_for or message.is_waited_for

    def _write(self) -> None:
        """Write what is new, however long the database takes; then tell those who wait."""
        streams = [stream for stream in self._intake.streams.values() if stream.batches]
        names = {stream.source for stream in streams}
        sources = [source for source in self._intake.sources.values() if source.is_changed or source.name in names]
        for name in names - self._intake.sources.keys():
            sources.append(self.source(name))
        if sources:
            for source in sources:
                source.lag_frames = self.lags.get(source.name)
            held = [stream for stream in self._intake.streams.values() if stream.held and not stream.batches]
            ended = self.patiently(lambda: self.store.write(sources, [*streams, *held]))
            self._closer.add(ended)
        self._intake.pending_frames = self._intake.pending_bytes = 0
        waiting, self._waiting, self._is_waited_for = self._waiting, [], False
        for done, tally in waiting:
            done(tally)

    def patiently(self, action: Callable[[], Any]) -> Any:
        """Do something with the database, again and again until it works; reading waits meanwhile."""
        wait_s = FIRST_WAIT_S
        while True:
            try:
                return action()
            except (psycopg2.OperationalError, psycopg2.InterfaceError, DatabaseError) as error:
                if self._stopped.is_set():
                    raise
                if wait_s == FIRST_WAIT_S:
                    self._say("The database does not answer; reading waits for it.")
                log_event("live_waits", error=type(error).__name__)
                self._stopped.wait(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)

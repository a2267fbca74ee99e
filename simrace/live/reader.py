"""The one that reads: messages of all sources become frames of streams, and are written about twice a second."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from simrace.database.connection import ConnectionParameters, DatabaseError
from simrace.live import laps
from simrace.live.channels import Plan, read_plans
from simrace.live.closer import Closer
from simrace.live.formats import UNKNOWN, at, json_formats
from simrace.live.frames import Frame
from simrace.live.inbox import Inbox, Message, Tally
from simrace.live.json_frames import FrameError, read_message
from simrace.live.packets import Assembler, Moment, told
from simrace.live.store import Refused, Source, Store
from simrace.live.streams import Read, Stream
from simrace.logs import log_event

STREAMS_AT_ONCE = 1_000
FORGET_AFTER_S = 3_600.0
FRAMES_PENDING = 20_000
BYTES_PENDING = 32 << 20
NAME_CHARACTERS = 200
FARTHEST_CLOCK_S = 1e11
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
        self._plans = read_plans(project, laps.CHANNELS)
        self._sources: dict[str, Source] = {}
        self._streams: dict[str, Stream] = {}
        self._assemblers: dict[str, tuple[Assembler, Message]] = {}
        self._waiting: list[tuple[Callable[[Tally], None], Tally]] = []
        self._is_waited_for = False
        self._pending_frames = self._pending_bytes = 0
        self._stopped = threading.Event()
        self._closer = Closer(say)
        self._told_unknown: set[str] = set()

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
                is_full = self._pending_frames >= FRAMES_PENDING or self._pending_bytes >= BYTES_PENDING
                if now >= due or is_waited_for or is_full:
                    self._end_silent()
                    self._write()
                    # what a commit takes is no part of the time between two; who is behind does not hurry after
                    due = max(due + self._options.every_s, time.monotonic() + EARLY * self._options.every_s)
            while messages := self.inbox.take(0):
                for message in messages:
                    self._take(message)
            self._finish_moments(all_of_them=True)
            self._write()
        finally:
            self.inbox.close()
            self._closer.stop()
            self.store.close()

    def source(self, name: str) -> Source:
        """A source as it is known; call it before `run`, or in its thread."""
        if name not in self._sources:
            self._sources[name] = self.patiently(lambda: self.store.read_source(name)) or Source(name)
        return self._sources[name]

    def resume(self, name: str) -> None:
        """Know the streams of a source whose sessions are open, so that they end by silence though nothing comes."""
        for stream in self.patiently(lambda: self.store.read_open_streams(name)):
            if len(self._streams) < self._options.streams:
                self._stream(stream, name)

    def _take(self, message: Message) -> None:
        source = self.source(message.source)
        source.next_offset = message.offset + 1
        source.is_changed = True
        if source.oldest_at is None:
            source.oldest_at = message.arrived_at
        self._pending_bytes += len(message.payload)
        tally = Tally()
        if message.is_packet:
            self._take_packet(source, message)
        else:
            for text, values in read_message(message.payload):
                if isinstance(values, FrameError):
                    self._refuse(source, message, self._name(message, message.key), text, values, tally)
                else:
                    self._take_json(source, message, text, values, tally)
        if message.done:
            self._waiting.append((message.done, tally))
            self._is_waited_for = self._is_waited_for or message.is_waited_for

    def _take_packet(self, source: Source, message: Message) -> None:
        name = self._name(message, message.key)
        if name not in self._assemblers:
            if len(self._assemblers) >= self._options.streams:
                error = FrameError("too_many_streams", f"more than {self._options.streams:,} senders")
                self._refuse(source, message, name, message.payload, error)
                return
            self._assemblers[name] = (Assembler(), message)
        assembler, _ = self._assemblers[name]
        self._assemblers[name] = (assembler, message)
        try:
            moment = assembler.take(message.payload)
        except FrameError as error:
            if error.reason == "idle":
                source.count("idle")
            else:
                self._refuse(source, message, name, message.payload, error)
            return
        if moment:
            self._take_moment(source, message, name, moment)

    def _take_moment(self, source: Source, message: Message, name: str, moment: Moment) -> None:
        form = moment.format
        session = str(moment.values[form.session]) if form.session in moment.values else ""
        ends = bool(form.ends) and all(moment.values.get(key) == value for key, value in form.ends.items())
        plan = self._plans.get(form.name)
        self._take_frame(
            source, message, name, moment.text, moment.values, plan, form.name, session, told(form, moment.values),
            ends, None, moment.packets,
        )  # fmt: skip

    def _finish_moments(self, all_of_them: bool = False) -> None:
        """Take in the last moment of senders that have fallen silent: no other begins that would complete it."""
        now = time.time()
        for name, (assembler, message) in list(self._assemblers.items()):
            is_old = now - message.arrived_at > 1
            if (is_old or all_of_them) and (moment := assembler.finish()):
                self._take_moment(self.source(message.source), message, name, moment)
            if now - message.arrived_at > FORGET_AFTER_S:
                del self._assemblers[name]

    def _take_json(self, source: Source, message: Message, text: str, values: dict[str, Any], tally: Tally) -> None:
        form = next((each for each in json_formats() if each.fits(values, message.topic)), None)
        if form is None:
            self._take_unknown(source, message, text, values, tally)
            return
        levels = form.levels(message.topic) or {} if form.topic else {}
        car = at(values, form.car) if form.car else None
        sender = levels.get(form.car_level, message.key)
        name = self._name(message, sender, car if isinstance(car, str | int) else "")
        said = {what: found for what, place in form.told.items() if (found := _words(at(values, place))) is not None}
        said |= {what: level[:NAME_CHARACTERS] for what, level in levels.items() if what != "session_id"}
        session = at(values, form.session) if form.session else levels.get("session_id")
        sequence = at(values, form.sequence) if form.sequence else None
        self._take_frame(
            source, message, name, text, values, self._plans.get(form.name), form.name,
            str(session)[:NAME_CHARACTERS] if isinstance(session, str | int) and session != "" else "", said,
            bool(form.ends) and at(values, form.ends) is True,
            sequence if type(sequence) is int and 0 <= sequence < 1 << 62 else None, b"", tally,
        )  # fmt: skip

    def _take_unknown(self, source: Source, message: Message, text: str, values: dict[str, Any], tally: Tally) -> None:
        """Keep a frame that nobody knows, by the time of its arrival, and say so once."""
        name = self._name(message, message.key)
        if name not in self._told_unknown and len(self._told_unknown) < self._options.streams:
            self._told_unknown.add(name)
            self._say(f"{name} sends frames of no format that is known; they are kept, and no table is made of them.")
        source.count("unknown")
        self._take_frame(
            source, message, name, text, values, None, UNKNOWN, "", {}, False, None, b"", tally
        )  # fmt: skip

    def _take_frame(
        self,
        source: Source,
        message: Message,
        name: str,
        text: str,
        values: dict[str, Any],
        plan: Plan | None,
        source_format: str,
        session: str,
        said: dict[str, Any],
        ends: bool,
        sequence: int | None,
        packets: bytes = b"",
        tally: Tally | None = None,
    ) -> None:
        clock = plan.clock(values) if plan else message.arrived_at if source_format == UNKNOWN else None
        if clock is None or not abs(clock) < FARTHEST_CLOCK_S:
            self._refuse(source, message, name, text, FrameError("no_clock", "it has no time that is a number"), tally)
            return
        stream = self._streams.get(name) or self._stream(name, source.name)
        if stream is None:
            error = FrameError("too_many_streams", f"more than {self._options.streams:,} streams at a time")
            self._refuse(source, message, name, text, error, tally)
            return
        channels = plan.read(values) if plan else {}
        frame = Frame(clock, message.offset, message.arrived_at, channels, sequence, text, packets)
        stream.taken_at = time.time()
        try:
            outcome = stream.take(Read(frame, source_format, session, said, ends))
        except FrameError as error:
            self._refuse(source, message, name, text, error, tally)
            return
        source.count(outcome)
        self._pending_frames += 1
        if tally:
            tally.frames += outcome != "repeated"
            tally.repeated += outcome == "repeated"
        for refused, why in stream.refused:
            self._refuse(source, message, name, refused.text, why, None, refused.offset)
        stream.refused.clear()

    def _refuse(
        self,
        source: Source,
        message: Message,
        name: str,
        text: str | bytes,
        error: FrameError,
        tally: Tally | None = None,
        offset: int | None = None,
    ) -> None:
        payload = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
        is_whole = isinstance(text, str) and error.reason != "too_large"
        source.refuse(
            Refused(
                error.reason,
                name,
                message.offset if offset is None else offset,
                str(error)[:500].replace("\0", " "),
                payload,
                len(payload) if is_whole else len(message.payload),
            )
        )
        if tally:
            tally.refused += 1
            tally.reason = tally.reason or f"{error.reason}: {error}"

    def _name(self, message: Message, sender: str, car: str | int = "") -> str:
        """Name of a stream: its source and what tells its cars apart, in characters that can be shown."""
        name = "/".join(part for part in (message.source, sender, str(car)) if part)
        if not name.isprintable():
            name = "".join(each if each.isprintable() else "?" for each in name)
        return name[:NAME_CHARACTERS]

    def _stream(self, name: str, source: str) -> Stream | None:
        if len(self._streams) >= self._options.streams and not self._forget_silent():
            return None
        row = self.patiently(lambda: self.store.read_stream(name))
        stream = self._streams[name] = Stream(name, source, self._options.silence_s, row)
        stream.taken_at = time.time()
        return stream

    def _forget_silent(self) -> bool:
        """Make room: streams that ended and have been silent for long are read again when they come back."""
        before = time.time() - FORGET_AFTER_S
        for name, stream in list(self._streams.items()):
            if not (stream.is_open or stream.batches or stream.held) and stream.taken_at < before:
                del self._streams[name]
        return len(self._streams) < self._options.streams

    def _end_silent(self) -> None:
        self._finish_moments()
        now = time.time()
        for stream in self._streams.values():
            stream.end_by_silence(now)

    def _write(self) -> None:
        """Write what is new, however long the database takes; then tell those who wait."""
        streams = [stream for stream in self._streams.values() if stream.batches]
        names = {stream.source for stream in streams}
        sources = [source for source in self._sources.values() if source.is_changed or source.name in names]
        for name in names - self._sources.keys():
            sources.append(self.source(name))
        if sources:
            for source in sources:
                source.lag_frames = self.lags.get(source.name)
            held = [stream for stream in self._streams.values() if stream.held and not stream.batches]
            ended = self.patiently(lambda: self.store.write(sources, [*streams, *held]))
            self._closer.add(ended)
        self._pending_frames = self._pending_bytes = 0
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


def _words(value: Any) -> str | float | None:
    """What a frame tells, as a text or number of a sensible length."""
    if isinstance(value, str):
        return value[:NAME_CHARACTERS] or None
    return value if type(value) in (int, float) else None

"""Messages as frames of streams: what they are, whose they are, and what is refused."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simrace.live.channels import Plan, read_plans
from simrace.live.formats import UNKNOWN, at, json_formats
from simrace.live.frames import Frame
from simrace.live.inbox import Message, Tally
from simrace.live.json_frames import FrameError, read_message
from simrace.live.packets import Assembler, Moment, told
from simrace.live.store import Refused, Source
from simrace.live.streams import Read, Stream
from simrace.live.values import CHANNELS

FORGET_AFTER_S = 3_600.0
NAME_CHARACTERS = 200
FARTHEST_CLOCK_S = 1e11


class Intake:
    """Sources and streams in memory. What waits to be written is in the batches of the streams.

    Attributes:
        sources, streams: By name.
        pending_frames, pending_bytes: Taken in since these were set to 0.
    """

    def __init__(
        self,
        project: Path,
        at_most: int,
        silence_s: float,
        read_source: Callable[[str], Source | None],
        read_stream: Callable[[str], dict[str, Any] | None],
        say: Callable[[str], object],
    ) -> None:
        """Know nothing yet.

        Args:
            project: Folder of the dbt project, whose seed says what channels mean.
            at_most: Streams at a time.
            silence_s: Seconds without a frame that end a session.
            read_source: What the database knows of a source.
            read_stream: What it knows of a stream.
            say: Called with each message to people.
        """
        self._at_most, self._silence_s, self._say = at_most, silence_s, say
        self._read_source, self._read_stream = read_source, read_stream
        self._plans = read_plans(project, CHANNELS)
        self.sources: dict[str, Source] = {}
        self.streams: dict[str, Stream] = {}
        self.pending_frames = self.pending_bytes = 0
        self._assemblers: dict[str, tuple[Assembler, Message]] = {}
        self._told_unknown: set[str] = set()

    def source(self, name: str) -> Source:
        """A source as it is known."""
        if name not in self.sources:
            self.sources[name] = self._read_source(name) or Source(name)
        return self.sources[name]

    def take(self, message: Message) -> Tally:
        """Take a message in. Return what became of its frames."""
        source = self.source(message.source)
        source.next_offset = message.offset + 1
        source.is_changed = True
        if source.oldest_at is None:
            source.oldest_at = message.arrived_at
        self.pending_bytes += len(message.payload)
        tally = Tally()
        if message.is_packet:
            self._take_packet(source, message)
        else:
            for text, values in read_message(message.payload):
                if isinstance(values, FrameError):
                    self._refuse(source, message, self._name(message, message.key), text, values, tally)
                else:
                    self._take_json(source, message, text, values, tally)
        return tally

    def _take_packet(self, source: Source, message: Message) -> None:
        name = self._name(message, message.key)
        if name not in self._assemblers:
            if len(self._assemblers) >= self._at_most:
                error = FrameError("too_many_streams", f"more than {self._at_most:,} senders")
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

    def finish_moments(self, all_of_them: bool = False) -> None:
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
        if name not in self._told_unknown and len(self._told_unknown) < self._at_most:
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
        stream = self.stream(name, source.name)
        if stream is None:
            error = FrameError("too_many_streams", f"more than {self._at_most:,} streams at a time")
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
        self.pending_frames += 1
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

    def stream(self, name: str, source: str) -> Stream | None:
        """A stream as it is known; None where there are too many."""
        if name in self.streams:
            return self.streams[name]
        if len(self.streams) >= self._at_most and not self._forget_silent():
            return None
        row = self._read_stream(name)
        stream = self.streams[name] = Stream(name, source, self._silence_s, row)
        stream.taken_at = time.time()
        return stream

    def _forget_silent(self) -> bool:
        """Make room: streams that ended and have been silent for long are read again when they come back."""
        before = time.time() - FORGET_AFTER_S
        for name, stream in list(self.streams.items()):
            if not (stream.is_open or stream.batches or stream.held) and stream.taken_at < before:
                del self.streams[name]
        return len(self.streams) < self._at_most

    def end_silent(self) -> None:
        """End sessions of which nothing has come for too long."""
        self.finish_moments()
        now = time.time()
        for stream in self.streams.values():
            stream.end_by_silence(now)


def _words(value: Any) -> str | float | None:
    """What a frame tells, as a text or number of a sensible length."""
    if isinstance(value, str):
        return value[:NAME_CHARACTERS] or None
    return value if type(value) in (int, float) else None

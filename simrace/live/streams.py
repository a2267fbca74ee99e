"""A stream while it is read: which frames are new, which session they are of, and the batch they go into."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from simrace.live.frames import Frame
from simrace.live.json_frames import FrameError
from simrace.live.laps import MACHINE

JUMP_S = 60.0  # a clock that is further away from where it should be is not believed at once
SESSIONS_KEPT = 4  # of a stream, whose sequences are known
GAPS_KEPT = 200  # of a session's sequence
BATCH_FRAMES = 1_000
OPEN, END = "open", "end"


class Seen:
    """Which numbers of a sequence have been seen: ranges in their order, of which the last grows while none is missing.

    Up to `floor` nobody knows any more.
    """

    def __init__(self, ranges: list[list[int]] | None = None, floor: int = -1) -> None:
        self.ranges = ranges if ranges is not None else []
        self.floor = floor

    @property
    def highest(self) -> int:
        """The highest number seen."""
        return self.ranges[-1][1] if self.ranges else self.floor

    def add(self, number: int) -> bool:
        """Take in a number. Return whether it is new.

        Raises:
            FrameError: nobody knows any more whether it is.
        """
        ranges = self.ranges
        if number == self.highest + 1 and ranges:
            ranges[-1][1] = number
            return True
        if number <= self.floor:
            raise FrameError("too_late", f"number {number:,} of a sequence that is at {self.highest:,}")
        place = len(ranges)
        while place and number < ranges[place - 1][0]:
            place -= 1
        before = ranges[place - 1] if place else None
        after = ranges[place] if place < len(ranges) else None
        if before and number <= before[1]:
            return False
        if before and number == before[1] + 1:
            before[1] = number
            if after and number + 1 == after[0]:
                before[1] = after[1]
                del ranges[place]
        elif after and number + 1 == after[0]:
            after[0] = number
        else:
            ranges.insert(place, [number, number])
            if len(ranges) > GAPS_KEPT:
                self.floor = ranges.pop(0)[1]
        return True


@dataclass
class Read:
    """A frame as its format reads it.

    Attributes:
        frame: What goes on.
        source_format: Its format.
        session: What it says of its session; blank where it says nothing.
        told: What it tells of it.
        ends: Whether it is the last of its session.
    """

    frame: Frame
    source_format: str
    session: str = ""
    told: Mapping[str, Any] = field(default_factory=dict)
    ends: bool = False


@dataclass
class Batch:
    """A row of `raw.live_frames` to be."""

    source_format: str
    session_mark: str
    told: dict[str, Any]
    is_current: bool
    starts: bool
    frames: list[Frame] = field(default_factory=list)
    mark: str = OPEN
    received_at: float = 0.0

    def clocks(self) -> tuple[float, float] | tuple[None, None]:
        """Smallest and largest clock."""
        clocks = [frame.clock for frame in self.frames]
        return (min(clocks), max(clocks)) if clocks else (None, None)


class Stream:
    """One car of a source.

    `take` and `end_by_silence` fill `batches`, which the store writes and clears.
    """

    def __init__(self, name: str, source: str, silence_s: float, row: Mapping[str, Any] | None = None) -> None:
        reading = (row or {}).get("reading", {})
        self.name, self.source = name, source
        self.silence_s = silence_s
        self.batch_number: int = row["batch_number"] if row else 0
        self.source_format: str = row["source_format"] if row else ""
        self.session_mark: str = row["session_mark"] if row else ""
        self.told: dict[str, Any] = dict(row["told"]) if row else {}
        self.state: dict[str, Any] = {**row["state"], MACHINE: reading.get(MACHINE, {})} if row else {}
        self.is_open: bool = bool(row and row["is_open"])
        self.last_clock: float | None = row["last_clock"] if row else None
        self.last_received_at: float = row["last_received_at"] if row else 0.0
        self.clock_at: float = reading.get("clock_at", 0.0)  # clock of the newest frame, where the next should be
        self.session: str = reading.get("session", "")
        self.seen: dict[str, Seen] = {name: Seen(*known) for name, *known in reading.get("seen", [])}
        self.marks: dict[str, str] = dict(reading.get("marks", {}))
        self.held: dict[str, Any] | None = reading.get("held")
        self.batches: list[Batch] = []
        self.refused: list[tuple[Frame, FrameError]] = []
        self.taken_at = 0.0  # when the reader last took a frame of it, by the clock of this machine

    def reading(self) -> dict[str, Any]:
        """What is kept for the reader itself, as JSON."""
        return {
            "clock_at": self.clock_at,
            "session": self.session,
            "seen": [[name, seen.ranges, seen.floor] for name, seen in self.seen.items()],
            "marks": self.marks,
            **({"held": self.held} if self.held else {}),
        }

    def take(self, read: Read) -> str:
        """Take in the next frame. What it proves wrong of an earlier one goes to `refused`.

        Returns:
            What became of it: frames, repeated, late or held.

        Raises:
            FrameError: nobody knows whether it came before.
        """
        frame = read.frame
        is_late = False
        if frame.sequence is not None and read.session:
            seen = self._seen_of(read.session)
            is_late = frame.sequence < seen.highest
            if not seen.add(frame.sequence):
                return "repeated"
        if read.session and read.session != self.session and read.session in self.marks:
            self._append(
                read, self.marks[read.session], is_current=False
            )  # of an earlier session, whose end it changes
            return "late"
        if is_late:
            self._append(read, self.session_mark, is_current=True)
            return "late"
        is_over = not self.is_open or frame.arrived_at - self.last_received_at > self.silence_s
        if not self.session_mark or read.session != self.session or (is_over and not read.session):
            self._begin(read)
        elif self._is_held_back(read):
            return "held"
        self._append(read, self.session_mark, is_current=True)
        return "frames"

    def _seen_of(self, session: str) -> Seen:
        if session not in self.seen:
            self.seen[session] = Seen()
            while len(self.seen) > SESSIONS_KEPT:
                del self.seen[next(iter(self.seen))]
        return self.seen[session]

    def _is_held_back(self, read: Read) -> bool:
        """Whether a frame waits for the next, because its clock jumps. One that waited is settled."""
        if self.held:
            held, self.held = _released(self.held), None
            if abs(read.frame.clock - held.frame.clock) <= JUMP_S:  # two that agree: the clock did jump
                if held.frame.clock < self.clock_at:
                    self._begin(held, goes_back=True)
                self._append(held, self.session_mark, is_current=True)
                return False
            self._refuse(held)
        if not self._jumps(read.frame):
            return False
        self.held = _held(read)
        return True

    def _refuse(self, held: Read) -> None:
        detail = f"a clock of {held.frame.clock:,.3f} s where {self.clock_at:,.3f} s had been"
        self.refused.append((held.frame, FrameError("clock_jumps", detail)))

    def _jumps(self, frame: Frame) -> bool:
        waited = max(0.0, frame.arrived_at - self.last_received_at)
        return not self.clock_at - JUMP_S <= frame.clock <= self.clock_at + waited + JUMP_S

    def _begin(self, read: Read, goes_back: bool = False) -> None:
        """Begin a session with a frame; the one before has ended."""
        if self.held:
            self._refuse(_released(self.held))
            self.held = None
        self.end()
        self.session = read.session
        arrived = datetime.fromtimestamp(read.frame.arrived_at, UTC).isoformat(timespec="milliseconds")
        own = f"{arrived}/{self.batch_number + len(self.batches) + 1}"
        self.session_mark = f"{read.session}/{own}" if read.session and goes_back else read.session or own
        if read.session:
            self.marks[read.session] = self.session_mark
            while len(self.marks) > SESSIONS_KEPT:
                del self.marks[next(iter(self.marks))]
        self.told, self.last_clock = {}, None
        self._batch(read.source_format, self.session_mark, is_current=True, starts=True)

    def _batch(self, source_format: str, mark: str, is_current: bool, starts: bool = False) -> Batch:
        """The batch that a frame goes into: the last, if it is of the same kind and has room."""
        last = self.batches[-1] if self.batches else None
        if (
            starts
            or last is None
            or last.session_mark != mark
            or (is_current and last.mark == END)
            or last.source_format != source_format
            or len(last.frames) >= BATCH_FRAMES
        ):
            told = self.told if is_current else {}
            last = Batch(source_format, mark, told, is_current, starts)
            self.batches.append(last)
        return last

    def _append(self, read: Read, mark: str, is_current: bool) -> None:
        frame = read.frame
        batch = self._batch(read.source_format, mark, is_current)
        batch.frames.append(frame)
        batch.received_at = max(batch.received_at, frame.arrived_at)
        if read.told and any(batch.told.get(what) != value for what, value in read.told.items()):
            batch.told = {**batch.told, **read.told}
        if not is_current:
            batch.mark = END
            return
        self.told, self.source_format, self.is_open = batch.told, read.source_format, True
        self.last_clock = frame.clock if self.last_clock is None else max(self.last_clock, frame.clock)
        self.clock_at = self.last_clock if frame.sequence is not None else frame.clock
        self.last_received_at = max(self.last_received_at, frame.arrived_at)
        if read.ends:
            self.end()

    def end(self) -> None:
        """End the session, if one is open: its last batch says so, or a row without frames."""
        if not self.is_open:
            return
        self.is_open = False
        last = self.batches[-1] if self.batches else None
        if last is None or not last.is_current or last.session_mark != self.session_mark or not last.frames:
            last = Batch(self.source_format, self.session_mark, self.told, is_current=True, starts=False)
            last.received_at = self.last_received_at
            self.batches.append(last)
        last.mark = END

    def end_by_silence(self, now: float) -> None:
        """End the session where nothing has come for too long."""
        if self.is_open and now - self.taken_at > self.silence_s:
            self.end()


def _held(read: Read) -> dict[str, Any]:
    """A frame as JSON."""
    frame = {**asdict(read.frame), "packets": read.frame.packets.hex()}
    return {**asdict(read), "frame": frame}


def _released(held: Mapping[str, Any]) -> Read:
    frame = Frame(**{**held["frame"], "packets": bytes.fromhex(held["frame"]["packets"])})
    return Read(**{**held, "frame": frame})

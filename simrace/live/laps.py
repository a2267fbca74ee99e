"""What the running session of a stream needs to be known by: its laps so far, kept as a small state.

The rules are those of `models/intermediate/telemetry/segmentation` and of `int_telemetry_laps_classified`; a test
drives the same frames through both. They see a session that is over, and this sees one that goes on:

* Samples between two marks, which are where a lap could begin, are kept as the sum of what a lap is made of. So a lap
  is the sum of some of these, and no sample is needed again when it is known where the lap began.
* A lap begins for good when nothing that follows can change it, which takes `lap_channel_lag_s`. Until then the state
  says where it seems to begin.
* The sim says how long a lap took during the next one, so the last closed lap may still change.

A frame that is late or repeated is no part of the running laps; the log of the session has it in its place.

What the state holds, as JSON:
    pieces      what was driven from one beginning of a lap to the next, but the running one; `live_laps` reads them
    standing    where the car is now; `live_standing` reads it
    best        time of the best lap with pace
    numbers_are_ours, first_is_lap    how pieces are numbered
    machine     the rest, for this module alone; it is kept beside the state
"""

from collections.abc import Mapping, Sequence
from typing import Any

from simrace.live import segments
from simrace.live.frames import Frame
from simrace.live.lap_rules import closed, report
from simrace.live.rules import Rules, rules
from simrace.live.traces import Traces
from simrace.live.values import CHANNELS, Sample, Value, canonical, limits_of, rounded

MACHINE = "machine"
FUEL_LAPS = 5  # laps whose fuel says how much one takes
MOST_MARKS = 100  # a lap number that changes with each frame is none
LONGEST_JUMP_S = 10.0  # a single clock that is further ahead is a mistake, until the next one agrees


def advance(state: dict[str, Any], frames: Sequence[Frame]) -> dict[str, Any]:
    """Take the next frames of a session into its state.

    Args:
        state: What the last call returned; `{}` at the start of a session. It is not changed.
        frames: In the order of arrival.

    Returns:
        The state after them, which JSON can hold.
    """
    if not frames:
        return state
    session = _Session(state, rules())
    for frame in frames:
        session.take(frame.clock, frame.channels)
    return session.state()


class _Session:
    """The laps of one session, while frames come."""

    def __init__(self, state: Mapping[str, Any], rules: Rules) -> None:
        machine = state.get(MACHINE, {})
        self._rules = rules
        self._read = [(name, limits_of(rules.kinds[name])) for name in CHANNELS]
        self._last: Sample | None = machine.get("last")
        self._parked: Sample | None = machine.get("parked")
        self._first_s: Value = machine.get("first_s")
        self._frames: int = machine.get("frames", 0)
        self._late: int = machine.get("late", 0)
        # since the beginning of the running lap: places where a lap could begin, and what follows each
        self._marks: list[dict[str, Any]] = [
            {**mark, "sum": dict(mark["sum"]) if mark["sum"] else None} for mark in machine.get("marks", [])
        ]
        self._begun: dict[str, Any] = dict(machine.get("begun", {}))
        self._steady_number: Value = machine.get("steady_number")
        self._numbers: list[int] = list(machine.get("numbers", []))
        self._has_numbers: bool = machine.get("has_numbers", False)
        self._has_place: bool = machine.get("has_place", False)
        self._longest_m: Value = machine.get("longest_m")
        self._traces = Traces(state, machine, rules.trace_step_m, rules.lap_channel_lag_s)
        self._pieces: list[dict[str, Any]] = [dict(piece) for piece in state.get("pieces", [])]
        self._numbers_are_ours: bool = state.get("numbers_are_ours", False)
        self._first_is_lap: bool = state.get("first_is_lap", False)

    def take(self, clock: float, channels: Mapping[str, float]) -> None:
        """Take one frame."""
        elapsed = round(clock * 1e6) / 1e6
        if not abs(elapsed) <= self._rules.session_longest_s:
            self._late += 1
            return
        sample: Sample = [elapsed, *(canonical(channels.get(name), limits) for name, limits in self._read)]
        if self._parked is not None:
            parked, self._parked = self._parked, None
            if elapsed > parked[0]:  # type: ignore[operator]
                self._add(parked)
            else:
                self._late += 1
        if self._last is not None:
            if elapsed <= self._last[0]:  # type: ignore[operator]
                self._late += 1
                return
            if elapsed - self._last[0] > LONGEST_JUMP_S:  # type: ignore[operator]
                self._parked = sample
                return
        self._add(sample)

    def _add(self, sample: Sample) -> None:
        before, self._last = self._last, sample
        self._frames += 1
        elapsed, number, metres, ratio = sample[:4]
        self._has_place = self._has_place or ratio is not None or metres is not None
        if before is None:
            self._first_s = elapsed
            self._marks.append(
                {"at": elapsed, "before": None, "number": number, "was": None, "line": None, "sum": None}
            )
            self._has_numbers = number is not None
            self._marks[-1]["sum"] = segments.begin(sample, None)
            self._traces.note(before, sample, None)
            return
        self._longest_m = segments.higher(self._longest_m, metres)
        line = self._line(before, sample)
        self._traces.note(before, sample, line)
        if number != before[1] or line:
            new = segments.begin(sample, before)
            self._has_numbers = self._has_numbers or number is not None
            self._marks.append(
                {"at": elapsed, "before": before[0], "number": number, "was": before[1], "line": line, "sum": new}
            )
        else:
            segments.extend(self._marks[-1]["sum"], sample, before)
        # not at each sample: what can begin a lap comes a few times a lap
        if len(self._marks) > 1 and elapsed > self._marks[1]["at"] + 2 * self._rules.lap_channel_lag_s:
            self._settle(elapsed)  # type: ignore[arg-type]
        elif len(self._marks) > MOST_MARKS:
            self._forget_marks(self._marks[1]["at"])

    def _line(self, before: Sample, sample: Sample) -> list[float] | None:
        """When the line was crossed on the way to a sample, and how exact that is (1, 3); None where it was not."""
        rules = self._rules
        now, ratio, was = sample[0], sample[3], before[3]
        if now is None or before[0] is None:
            return None
        if was is not None:
            if ratio is not None and was > rules.line_crossing_ratio and ratio < 1 - rules.line_crossing_ratio:
                left = 1 - min(was, 1.0)
                way = left + ratio
                return [rounded(before[0] + (now - before[0]) * left / way, 6) if way else now, 1]
            return None
        metres, were = sample[2], before[2]
        longest = self._longest_m
        if metres is not None and were is not None and longest is not None and metres < were:
            begins = metres < (1 - rules.line_crossing_ratio) * longest
            if were > rules.line_crossing_ratio * longest and begins:
                return [now, 3]
        return None

    def _runs(self) -> list[dict[str, Any]]:
        """Marks with which a lap number begins that is no flicker."""
        found = [
            mark for mark in self._marks if mark["number"] is not None and mark["number"] != mark["was"] and mark["sum"]
        ]
        ends = [mark["at"] for mark in found[1:]]
        return [
            mark
            for mark, end in zip(found, [*ends, None], strict=True)
            if end is None or end - mark["at"] >= self._rules.lap_flicker_s
        ]

    def _starts(self) -> list[dict[str, Any]]:
        """Where laps begin behind the first mark: `at` (a mark's), `start_s`, `number`, `starts_at_line`."""
        rules = self._rules
        found: list[dict[str, Any]] = []
        if not self._has_numbers:
            return [
                _start(mark, mark["line"][0], None, mark["at"] - mark["before"] <= rules.line_crossing_gap_s)
                for mark in self._marks[1:]
                if mark["line"]
            ]
        steady = self._steady_number
        for run in self._runs():
            number = run["number"]
            if run["was"] is not None and number != steady and run is not self._marks[0]:
                lines = [
                    (mark["line"][1], abs(mark["at"] - run["at"]), mark["line"][0], mark)
                    for mark in self._marks[1:]
                    if mark["line"] and abs(mark["at"] - run["at"]) <= rules.lap_channel_lag_s
                ]
                at_mark, start_s = run, run["at"]
                if lines:
                    _, _, start_s, at_mark = min(lines, key=lambda line: line[:3])
                is_line = steady is None or number > steady
                gap_s = at_mark["at"] - at_mark["before"]
                start = _start(at_mark, start_s, number, is_line and gap_s <= rules.line_crossing_gap_s)
                if found and found[-1]["start_s"] == start_s:
                    start["number"] = max(start["number"], found[-1]["number"])
                    start["starts_at_line"] = start["starts_at_line"] and found[-1]["starts_at_line"]
                    found[-1] = start
                else:
                    found.append(start)
            steady = number
        return sorted(found, key=lambda start: start["start_s"])

    def _settle(self, now: float) -> None:
        """Close what ended so long ago that nothing can change it, and forget marks that began nothing."""
        lag_s = self._rules.lap_channel_lag_s
        due = now - 2 * lag_s
        while (starts := self._starts()) and starts[0]["at"] < due:
            start = starts[0]
            place = next(place for place, mark in enumerate(self._marks) if mark["at"] == start["at"])
            self._note_numbers(start["at"] + lag_s)
            self._close(segments.summed(self._marks[:place]), start, self._marks[place:])
            self._marks, self._begun = self._marks[place:], start
            # the change of number that began this lap is near to it, and begins no other
            self._forget_marks(start["at"] + lag_s)
        # a change of number stays while the line beside it may still begin the lap
        end = min(due, starts[0]["at"] - lag_s - 1) if starts else due
        self._note_numbers(end)
        self._forget_marks(end)

    def _note_numbers(self, end: float) -> None:
        for run in self._runs():
            if run["at"] <= end:
                self._steady_number = run["number"]

    def _forget_marks(self, end: float) -> None:
        """Add what follows marks up to a time to the first."""
        first = self._marks[0]
        while len(self._marks) > 1 and self._marks[1]["at"] <= end:
            mark = self._marks.pop(1)
            segments.join(first["sum"], mark["sum"])
            if first["number"] is None:
                first["number"] = first["was"] = mark["number"]

    def _close(self, piece: dict[str, Any], start: dict[str, Any], after: list[dict[str, Any]]) -> None:
        begun = self._begun
        number = begun.get("number")
        if not begun:  # before the first line: the number that the first samples have
            runs = [mark for mark in self._marks if mark["number"] is not None]
            number = runs[0]["number"] if runs else None
        self._numbers_are_ours = self._numbers_are_ours or number is None or int(number) in self._numbers
        if number is not None:
            self._numbers.append(int(number))
        gap_after = after[0]["sum"]["gap_before"]
        if self._pieces:
            report(self._pieces[-1], piece["last_lap_time"])
        was = closed(
            piece, begun, start["start_s"], ends_at_line=start["starts_at_line"], gap_after=gap_after,
            step_s=(self._last[0] - self._first_s) / max(self._frames - 1, 1),  # type: ignore[index, operator]
            longest_m=self._longest_m or 0.0, rules=self._rules,
        )  # fmt: skip
        self._pieces.append(
            was | {"piece_number": len(self._pieces) + 1, "source_lap_number": None if number is None else int(number)}
        )
        if len(self._pieces) == 1:
            self._first_is_lap = self._pieces[0]["begins_at_line"]
        report(self._pieces[-1], after[-1]["sum"]["last_lap_time"])
        self._traces.keep_best(self._pieces[-1])

    def _standing(self, last: Sample) -> dict[str, Any]:
        elapsed, _, metres, ratio, _, last_time, fuel = last[:7]
        starts = self._starts()
        begun = starts[-1] if starts else self._begun
        lap_s = elapsed - begun["start_s"] if begun.get("starts_at_line") else None
        takes = [piece["fuel_used_l"] for piece in self._pieces if piece["is_fuel_eligible"]][-FUEL_LAPS:]
        fuel_a_lap = sum(takes) / len(takes) if takes else None
        number = begun.get("number")
        pit = last[9]
        return {
            "elapsed_s": elapsed,
            "piece_number": len(self._pieces) + len(starts) + 1,
            "source_lap_number": _whole(last[1] if number is None else number),
            "lap_elapsed_s": None if lap_s is None else round(lap_s, 3),
            "lap_distance_m": metres,
            "lap_distance_ratio": ratio,
            "delta_s": self._traces.delta(last, lap_s),
            "fuel_l": fuel,
            "fuel_used_a_lap_l": None if fuel_a_lap is None else round(fuel_a_lap, 3),
            "on_pit_road": None if pit is None else bool(pit),
            "reported_lap_time_s": last_time,
            "frames": self._frames,
            "late_frames": self._late,
        }

    def state(self) -> dict[str, Any]:
        """The state as JSON has it."""
        if self._last is None:
            return {MACHINE: {"parked": self._parked, "late": self._late}, "pieces": []}
        if self._pieces:
            report(self._pieces[-1], self._marks[-1]["sum"]["last_lap_time"])
        return {
            "pieces": self._pieces,
            "numbers_are_ours": self._numbers_are_ours,
            "first_is_lap": self._first_is_lap,
            "standing": self._standing(self._last),
            "best": self._traces.best,
            MACHINE: {
                "last": self._last,
                "parked": self._parked,
                "first_s": self._first_s,
                "frames": self._frames,
                "late": self._late,
                "marks": self._marks,
                "begun": self._begun,
                "steady_number": self._steady_number,
                "numbers": self._numbers,
                "has_numbers": self._has_numbers,
                "has_place": self._has_place,
                "longest_m": self._longest_m,
                **self._traces.state(),
            },
        }


def _start(mark: dict[str, Any], start_s: float, number: Value, starts_at_line: bool) -> dict[str, Any]:
    return {"at": mark["at"], "start_s": start_s, "number": number, "starts_at_line": starts_at_line}


def _whole(value: Value) -> int | None:
    return None if value is None else int(value)

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

import math
import struct
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from simrace.live.frames import Frame
from simrace.live.rules import Rules, rules

# Canonical channels that `advance` is given.
CHANNELS: tuple[str, ...] = (
    "lap_number",
    "lap_distance_m",
    "lap_distance_ratio",
    "lap_elapsed_s",
    "last_lap_time_s",
    "fuel_l",
    "speed_kph",
    "gps_speed_kph",
    "on_pit_road",
    "is_on_track",
    "incident_count",
    "session_flags",
)
MACHINE = "machine"
RATIO_POINTS = 1_000  # of a trace, where the share of the lap tells the place
FUEL_LAPS = 5  # laps whose fuel says how much one takes
MOST_MARKS = 100  # a lap number that changes with each frame is none
LONGEST_JUMP_S = 10.0  # a single clock that is further ahead is a mistake, until the next one agrees
_SINGLE = struct.Struct("f")

Value = float | None
Sample = list[Value]  # elapsed_s, then the channels in their order


class _Limits(NamedTuple):
    """What a sample holds of a channel, as the var telemetry_channels says."""

    kind: str
    low: float
    high: float
    is_around: bool
    nothing: frozenset[float]


def _new_segment(sample: Sample, before: Sample | None) -> dict[str, Any]:
    elapsed, _, metres, ratio, lap_elapsed, last_time, fuel, speed, gps_speed, pit, on_track, incidents, flags = sample
    was = before or [None] * len(sample)
    kph = gps_speed if speed is None else speed
    return {
        "count": 1,
        "first": elapsed,
        "last": elapsed,
        "gap_before": None if was[0] is None else elapsed - was[0],  # type: ignore[operator]
        "gap": None,
        "lowest_ratio": ratio,
        "highest_ratio": ratio,
        "step_before": None if ratio is None or was[3] is None else abs(ratio - was[3]),
        "step": None,
        "lowest_m": metres,
        "max_kph": kph,
        "fuel_first": fuel,
        "fuel_last": fuel,
        "rise_before": None if fuel is None or was[6] is None else fuel - was[6],
        "rise": None,
        "pit_first": None if pit is None else bool(pit),
        "pit_last": None if pit is None else bool(pit),
        "has_pit": None if pit is None else bool(pit),
        "leaves": None if on_track is None else not on_track,
        "incidents": _incidents(incidents, was[11]),
        "flags": None if flags is None else int(flags),
        "lap_elapsed": lap_elapsed,
        "last_lap_time": last_time,
    }


def _incidents(count: Value, before: Value) -> int | None:
    if count is None:
        return None
    return int(count - before) if before is not None and count >= before else 0


def _higher(left: Any, right: Any) -> Any:
    return right if left is None or (right is not None and right > left) else left


def _lower(left: Any, right: Any) -> Any:
    return right if left is None or (right is not None and right < left) else left


def _either(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left or right


def _sum(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left + right


def _flags(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left | right


def _join(into: dict[str, Any], after: dict[str, Any]) -> None:
    """Add what follows to what was before it."""
    into["count"] += after["count"]
    into["gap"] = _higher(_higher(into["gap"], after["gap_before"]), after["gap"])
    into["step"] = _higher(_higher(into["step"], after["step_before"]), after["step"])
    into["rise"] = _higher(_higher(into["rise"], after["rise_before"]), after["rise"])
    for name in ("highest_ratio", "max_kph"):
        into[name] = _higher(into[name], after[name])
    for name in ("lowest_ratio", "lowest_m"):
        into[name] = _lower(into[name], after[name])
    for name in ("has_pit", "leaves"):
        into[name] = _either(into[name], after[name])
    into["incidents"] = _sum(into["incidents"], after["incidents"])
    into["flags"] = _flags(into["flags"], after["flags"])
    for name in ("last", "fuel_last", "pit_last", "lap_elapsed", "last_lap_time"):
        into[name] = after[name]


def _extend(into: dict[str, Any], sample: Sample, was: Sample) -> None:
    """Add a sample; as `_join` with what `_new_segment` makes of it, in a third of the time."""
    elapsed, _, metres, ratio, lap_elapsed, last_time, fuel, speed, gps_speed, pit, on_track, incidents, flags = sample
    into["count"] += 1
    gap = elapsed - was[0]  # type: ignore[operator]
    if into["gap"] is None or gap > into["gap"]:
        into["gap"] = gap
    if ratio is not None:
        if into["highest_ratio"] is None or ratio > into["highest_ratio"]:
            into["highest_ratio"] = ratio
        if into["lowest_ratio"] is None or ratio < into["lowest_ratio"]:
            into["lowest_ratio"] = ratio
        if was[3] is not None:
            step = abs(ratio - was[3])
            if into["step"] is None or step > into["step"]:
                into["step"] = step
    if metres is not None and (into["lowest_m"] is None or metres < into["lowest_m"]):
        into["lowest_m"] = metres
    kph = gps_speed if speed is None else speed
    if kph is not None and (into["max_kph"] is None or kph > into["max_kph"]):
        into["max_kph"] = kph
    if fuel is not None and was[6] is not None:
        rise = fuel - was[6]
        if into["rise"] is None or rise > into["rise"]:
            into["rise"] = rise
    is_pit = None if pit is None else bool(pit)
    if is_pit is not None:
        into["has_pit"] = is_pit or bool(into["has_pit"])
    if on_track is not None:
        into["leaves"] = not on_track or bool(into["leaves"])
    if incidents is not None:
        into["incidents"] = (into["incidents"] or 0) + (_incidents(incidents, was[11]) or 0)
    if flags is not None:
        into["flags"] = (into["flags"] or 0) | int(flags)
    into["last"], into["fuel_last"], into["pit_last"] = elapsed, fuel, is_pit
    into["lap_elapsed"], into["last_lap_time"] = lap_elapsed, last_time


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
        self._read = [(name, _limits(rules.kinds[name])) for name in CHANNELS]
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
        self._traces: list[dict[str, Any]] = [
            {**trace, "at_s": list(trace["at_s"])} for trace in machine.get("traces", [])
        ]
        self._pieces: list[dict[str, Any]] = [dict(piece) for piece in state.get("pieces", [])]
        self._numbers_are_ours: bool = state.get("numbers_are_ours", False)
        self._first_is_lap: bool = state.get("first_is_lap", False)
        self._best: dict[str, Any] | None = state.get("best")
        self._best_after_s: list[float | None] = machine.get("best_after_s", [])

    def take(self, clock: float, channels: Mapping[str, float]) -> None:
        """Take one frame."""
        elapsed = round(clock * 1e6) / 1e6
        if not abs(elapsed) <= self._rules.session_longest_s:
            self._late += 1
            return
        sample: Sample = [elapsed, *(_canonical(channels.get(name), limits) for name, limits in self._read)]
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
            self._marks[-1]["sum"] = _new_segment(sample, None)
            self._trace(before, sample, None)
            return
        self._longest_m = _higher(self._longest_m, metres)
        line = self._line(before, sample)
        self._trace(before, sample, line)
        if number != before[1] or line:
            new = _new_segment(sample, before)
            self._has_numbers = self._has_numbers or number is not None
            self._marks.append(
                {"at": elapsed, "before": before[0], "number": number, "was": before[1], "line": line, "sum": new}
            )
        else:
            _extend(self._marks[-1]["sum"], sample, before)
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
                return [_rounded(before[0] + (now - before[0]) * left / way, 6) if way else now, 1]
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
            self._close(_summed(self._marks[:place]), start, self._marks[place:])
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
            _join(first["sum"], mark["sum"])
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
            self._report(self._pieces[-1], piece["last_lap_time"])
        self._pieces.append(
            self._closed(piece, begun, start["start_s"], ends_at_line=start["starts_at_line"], gap_after=gap_after)
            | {"piece_number": len(self._pieces) + 1, "source_lap_number": None if number is None else int(number)}
        )
        if len(self._pieces) == 1:
            self._first_is_lap = self._pieces[0]["begins_at_line"]
        self._report(self._pieces[-1], after[-1]["sum"]["last_lap_time"])
        self._end_trace(self._pieces[-1])

    def _closed(
        self, piece: dict[str, Any], begun: dict[str, Any], ended_s: float, *, ends_at_line: bool, gap_after: Value
    ) -> dict[str, Any]:
        """What a piece is, from one start to the next."""
        rules = self._rules
        starts_at_line = bool(begun.get("starts_at_line", False))
        started_s = begun["start_s"] if starts_at_line else piece["first"]
        span_s = piece["last"] - piece["first"]
        step_s = (self._last[0] - self._first_s) / max(self._frames - 1, 1)  # type: ignore[index, operator]
        edge = rules.lap_edge_ratio
        longest_m = self._longest_m or 0.0
        begins_near = (
            (piece["lowest_ratio"] is not None and piece["lowest_ratio"] < edge)
            or (piece["lowest_m"] is not None and piece["lowest_m"] < edge * longest_m)
        ) and (piece["lap_elapsed"] is None or piece["lap_elapsed"] - span_s <= 2 * step_s)
        stops_near = piece["highest_ratio"] is not None and piece["highest_ratio"] > 1 - edge
        starts_pit, ends_pit = piece["pit_first"], piece["pit_last"]
        begins_at_line = starts_at_line or (begins_near and starts_pit is not True)
        stops_at_line = ends_at_line or (stops_near and ends_pit is not True)
        is_complete = begins_at_line and stops_at_line
        last_sample_s = step_s if not ends_at_line and stops_at_line else 0.0
        measured = _rounded(ended_s - started_s + last_sample_s, 3) if is_complete else None
        fuel_used = None
        if piece["fuel_first"] is not None and piece["fuel_last"] is not None:
            fuel_used = _of_single(_single(piece["fuel_first"] - piece["fuel_last"]), 3)
        has_pit, incidents = piece["has_pit"], piece["incidents"]
        gap = _higher(_higher(piece["gap_before"], piece["gap"]), gap_after)
        jumped = piece["step"] is not None and piece["step"] > rules.lap_jump_ratio
        caution = piece["flags"] is not None and bool(piece["flags"] & rules.caution_flags)
        if not stops_at_line or (not begins_at_line and starts_pit is not True):
            lap_class = "incomplete"
        elif has_pit and bool(starts_pit) == bool(ends_pit):
            lap_class = "pit"
        elif not begins_at_line or starts_pit:
            lap_class = "out"
        elif ends_pit:
            lap_class = "in"
        elif (incidents or 0) > 0 or piece["leaves"] or jumped:
            lap_class = "invalid"
        else:
            lap_class = "caution" if caution else "pace"
        takes_fuel = lap_class not in ("incomplete", "pit", "out", "in") and (fuel_used or 0) > 0
        return {
            "lap_class": lap_class,
            "is_complete": is_complete,
            "begins_at_line": begins_at_line,
            "started_elapsed_s": started_s,
            "ended_elapsed_s": ended_s,
            "measured_lap_time_s": measured,
            "reported_lap_time_s": None,
            "lap_time_s": measured,
            "own_last_lap_time_s": piece["last_lap_time"],
            "sample_count": piece["count"],
            "longest_gap_s": None if gap is None else _rounded(gap, 3),
            "max_speed_kph": None if piece["max_kph"] is None else _rounded(piece["max_kph"] / 3.6 * 3.6, 1),
            "fuel_at_start_l": None if piece["fuel_first"] is None else _of_single(piece["fuel_first"], 3),
            "fuel_used_l": fuel_used,
            "fuel_left_l": None if piece["fuel_last"] is None else _of_single(piece["fuel_last"], 3),
            "is_fuel_eligible": takes_fuel and (piece["rise"] is None or piece["rise"] <= rules.refuel_l),
            "incidents": incidents,
            "has_pit_road": has_pit,
            "starts_on_pit_road": starts_pit,
            "ends_on_pit_road": ends_pit,
        }

    @staticmethod
    def _report(piece: dict[str, Any], next_last_lap_time_s: Value) -> None:
        """Take what the sim says of a lap's time, which it says during the next one."""
        told = None if next_last_lap_time_s == piece["own_last_lap_time_s"] else next_last_lap_time_s
        piece["reported_lap_time_s"] = _of_single(told, 3) if told is not None and piece["is_complete"] else None
        piece["lap_time_s"] = (
            piece["measured_lap_time_s"] if piece["reported_lap_time_s"] is None else piece["reported_lap_time_s"]
        )

    def _points(self, sample: Sample) -> float | None:
        """Where a car is, in points of a trace."""
        if sample[3] is not None:
            return sample[3] * RATIO_POINTS
        return None if sample[2] is None else sample[2] / self._rules.trace_step_m

    def _trace(self, before: Sample | None, sample: Sample, line: list[float] | None) -> None:
        """Note when the car was at each point of the lap."""
        if before is None or line:
            self._traces = self._traces[-1:]
            self._traces.append({"line_s": line[0] if line else None, "at_s": [line[0]] if line else []})
        now, was = self._points(sample), None if before is None else self._points(before)
        at_s = self._traces[-1]["at_s"]
        if now is None or was is None or before is None or line:
            if line and now is not None:
                self._fill(at_s, 0.0, line[0], now, sample[0])  # type: ignore[arg-type]
            return
        if now > was:
            self._fill(at_s, was, before[0], now, sample[0])  # type: ignore[arg-type]

    @staticmethod
    def _fill(at_s: list[float | None], was: float, was_s: float, now: float, now_s: float) -> None:
        """The points from one sample to the next; between samples the car goes on evenly."""
        last = int(now)
        if last < len(at_s) or now <= was or last > 100_000:
            return
        at_s.extend([None] * (max(math.ceil(was), 0) - len(at_s)))
        for point in range(len(at_s), last + 1):
            at_s.append(round(was_s + (point - was) / (now - was) * (now_s - was_s), 3))

    def _end_trace(self, piece: dict[str, Any]) -> None:
        """Keep the trace of the best lap."""
        if piece["lap_class"] != "pace" or piece["lap_time_s"] is None:
            return
        if self._best and self._best["lap_time_s"] <= piece["lap_time_s"]:
            return
        started_s = piece["started_elapsed_s"]
        for trace in self._traces:
            if trace["line_s"] is not None and abs(trace["line_s"] - started_s) <= self._rules.lap_channel_lag_s:
                after = [None if at is None else round(at - started_s, 3) for at in trace["at_s"]]
                self._best = {
                    "lap_time_s": piece["lap_time_s"],
                    "piece_number": piece["piece_number"],
                    "started_elapsed_s": started_s,
                }
                self._best_after_s = after

    def _delta(self, points: float | None, lap_elapsed_s: float | None) -> float | None:
        """Seconds behind the best lap at this place."""
        if self._best is None or points is None or lap_elapsed_s is None:
            return None
        after, place = self._best_after_s, int(points)
        here = after[place] if 0 <= place < len(after) else None
        if here is None:
            return None
        following = after[place + 1] if place + 1 < len(after) else self._best["lap_time_s"]
        share = points - place if following is not None else 0
        return round(float(lap_elapsed_s - here - share * ((following or here) - here)), 3)

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
            "delta_s": self._delta(self._points(last), lap_s),
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
            self._report(self._pieces[-1], self._marks[-1]["sum"]["last_lap_time"])
        return {
            "pieces": self._pieces,
            "numbers_are_ours": self._numbers_are_ours,
            "first_is_lap": self._first_is_lap,
            "standing": self._standing(self._last),
            "best": self._best,
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
                "traces": self._traces,
                "best_after_s": self._best_after_s,
            },
        }


def _start(mark: dict[str, Any], start_s: float, number: Value, starts_at_line: bool) -> dict[str, Any]:
    return {"at": mark["at"], "start_s": start_s, "number": number, "starts_at_line": starts_at_line}


def _summed(marks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of segments."""
    whole = dict(marks[0]["sum"])
    for mark in marks[1:]:
        _join(whole, mark["sum"])
    return whole


def _limits(kind: Mapping[str, Any]) -> _Limits:
    return _Limits(
        kind["type"],
        float(kind.get("min", -math.inf)),
        float(kind.get("max", math.inf)),
        bool(kind.get("around")),
        frozenset(map(float, kind.get("no_value", ()))),
    )


def _canonical(value: Value, limits: _Limits) -> Value:
    """A value as samples hold it; None where it is out of range."""
    if value is None:
        return None
    kind = limits.kind
    if kind == "boolean":
        return float(value >= 0.5)
    if not limits.low <= value <= limits.high or value in limits.nothing:
        return None
    if limits.is_around and value < 0:
        value += 1
    if kind == "real":
        return 0.0 if abs(value) < 1e-30 else _single(value)
    return float(round(value)) if kind in ("integer", "smallint", "bigint") else float(value)


def _whole(value: Value) -> int | None:
    return None if value is None else int(value)


def _single(value: float) -> float:
    """The nearest number of four bytes."""
    return float(_SINGLE.unpack(_SINGLE.pack(value))[0])


def _rounded(value: float, places: int) -> float:
    """As PostgreSQL rounds a double that it makes a decimal number."""
    return float(Decimal(f"{value:.15g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _of_single(value: float, places: int) -> float:
    """As PostgreSQL rounds a number of four bytes that it makes a decimal number."""
    return float(Decimal(f"{value:.6g}").quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))

"""What a piece of a drive is, and whether it is a lap: the rules of `int_telemetry_laps_classified`."""

from collections.abc import Mapping
from typing import Any

from simrace.live.rules import Rules
from simrace.live.segments import higher
from simrace.live.values import Value, of_single, rounded, single


def closed(
    piece: Mapping[str, Any],
    begun: Mapping[str, Any],
    ended_s: float,
    *,
    ends_at_line: bool,
    gap_after: Value,
    step_s: float,
    longest_m: float,
    rules: Rules,
) -> dict[str, Any]:
    """What a piece is, from one start to the next.

    Args:
        piece: Sum of its segments.
        begun: Its start; empty for what is before the first.
        ended_s: When the next one begins.
        ends_at_line: Whether that is where the line was crossed.
        gap_after: Seconds from its last sample to the next.
        step_s: Usual time from one sample to the next.
        longest_m: The largest place in metres that the session has had.
        rules: Of the project.
    """
    starts_at_line = bool(begun.get("starts_at_line", False))
    started_s = begun["start_s"] if starts_at_line else piece["first"]
    span_s = piece["last"] - piece["first"]
    edge = rules.lap_edge_ratio
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
    measured = rounded(ended_s - started_s + last_sample_s, 3) if is_complete else None
    fuel_used = None
    if piece["fuel_first"] is not None and piece["fuel_last"] is not None:
        fuel_used = of_single(single(piece["fuel_first"] - piece["fuel_last"]), 3)
    has_pit, incidents = piece["has_pit"], piece["incidents"]
    gap = higher(higher(piece["gap_before"], piece["gap"]), gap_after)
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
        "longest_gap_s": None if gap is None else rounded(gap, 3),
        "max_speed_kph": None if piece["max_kph"] is None else rounded(piece["max_kph"] / 3.6 * 3.6, 1),
        "fuel_at_start_l": None if piece["fuel_first"] is None else of_single(piece["fuel_first"], 3),
        "fuel_used_l": fuel_used,
        "fuel_left_l": None if piece["fuel_last"] is None else of_single(piece["fuel_last"], 3),
        "is_fuel_eligible": takes_fuel and (piece["rise"] is None or piece["rise"] <= rules.refuel_l),
        "incidents": incidents,
        "has_pit_road": has_pit,
        "starts_on_pit_road": starts_pit,
        "ends_on_pit_road": ends_pit,
    }


def report(piece: dict[str, Any], next_last_lap_time_s: Value) -> None:
    """Take what the sim says of a lap's time, which it says during the next one."""
    told = None if next_last_lap_time_s == piece["own_last_lap_time_s"] else next_last_lap_time_s
    piece["reported_lap_time_s"] = of_single(told, 3) if told is not None and piece["is_complete"] else None
    piece["lap_time_s"] = (
        piece["measured_lap_time_s"] if piece["reported_lap_time_s"] is None else piece["reported_lap_time_s"]
    )

"""What was driven between two places where a lap could begin, as the sum of what a lap is made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from simrace.live.values import Sample, Value


def begin(sample: Sample, before: Sample | None) -> dict[str, Any]:
    """The sum of one sample, and how it differs from the one before."""
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


def higher(left: Any, right: Any) -> Any:
    """The larger of two, of which either may be missing."""
    return right if left is None or (right is not None and right > left) else left


def _lower(left: Any, right: Any) -> Any:
    return right if left is None or (right is not None and right < left) else left


def _either(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left or right


def _sum(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left + right


def _flags(left: Any, right: Any) -> Any:
    return right if left is None else left if right is None else left | right


def join(into: dict[str, Any], after: dict[str, Any]) -> None:
    """Add what follows to what was before it."""
    into["count"] += after["count"]
    into["gap"] = higher(higher(into["gap"], after["gap_before"]), after["gap"])
    into["step"] = higher(higher(into["step"], after["step_before"]), after["step"])
    into["rise"] = higher(higher(into["rise"], after["rise_before"]), after["rise"])
    for name in ("highest_ratio", "max_kph"):
        into[name] = higher(into[name], after[name])
    for name in ("lowest_ratio", "lowest_m"):
        into[name] = _lower(into[name], after[name])
    for name in ("has_pit", "leaves"):
        into[name] = _either(into[name], after[name])
    into["incidents"] = _sum(into["incidents"], after["incidents"])
    into["flags"] = _flags(into["flags"], after["flags"])
    for name in ("last", "fuel_last", "pit_last", "lap_elapsed", "last_lap_time"):
        into[name] = after[name]


def extend(into: dict[str, Any], sample: Sample, was: Sample) -> None:
    """Add a sample; as `join` with what `begin` makes of it, in a third of the time."""
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


def summed(marks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of segments."""
    whole = dict(marks[0]["sum"])
    for mark in marks[1:]:
        join(whole, mark["sum"])
    return whole

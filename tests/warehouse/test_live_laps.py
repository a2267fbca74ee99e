"""Laps of a running session are those of the log that it becomes."""

import json
import random
from typing import Any

import pytest

from simrace.live.frames import Frame
from simrace.live.laps import advance
from simrace.live.values import CHANNELS
from tests.conftest import Warehouse

# What both have, by the name in the state.
COMPARED = (
    "piece_number",
    "lap_class",
    "is_complete",
    "started_elapsed_s",
    "ended_elapsed_s",
    "lap_time_s",
    "measured_lap_time_s",
    "reported_lap_time_s",
    "sample_count",
    "longest_gap_s",
    "max_speed_kph",
    "fuel_at_start_l",
    "fuel_used_l",
    "fuel_left_l",
    "incidents",
    "has_pit_road",
    "starts_on_pit_road",
    "ends_on_pit_road",
    "is_fuel_eligible",
)
FLAGS = ("on_pit_road", "is_on_track")


def frames_of(warehouse: Warehouse, session_id: str) -> list[Frame]:
    """The samples of a session as a stream sends them."""
    values = [f"cast({f'cast({name} as integer)' if name in FLAGS else name} as double precision)" for name in CHANNELS]
    rows = warehouse.query(
        f"select elapsed_s, {', '.join(values)} from marts.fct_telemetry_samples "
        f"where session_id = '{session_id}' order by elapsed_s"
    )
    return [
        Frame(
            float(str(row[0])),
            place,
            0.0,
            {name: float(str(value)) for name, value in zip(CHANNELS, row[1:], strict=True) if value is not None},
        )
        for place, row in enumerate(rows)
    ]


def driven(frames: list[Frame], seed: int) -> dict[str, Any]:
    """The state after all frames, which come in batches of any size; between two of them it is JSON."""
    state: dict[str, Any] = {}
    sizes, place = random.Random(seed), 0  # noqa: S311
    while place < len(frames):
        size = sizes.randint(1, 120)
        state = json.loads(json.dumps(advance(state, frames[place : place + size])))
        place += size
    return state


def numbered(state: dict[str, Any], piece: dict[str, Any]) -> int:
    """The number of a lap, as `live_laps` has it."""
    if not state["numbers_are_ours"]:
        return int(piece["source_lap_number"])
    return int(piece["piece_number"]) - (0 if state["first_is_lap"] else 1)


def sessions(warehouse: Warehouse) -> list[str]:
    """Sessions whose laps a stream can know: by the number of the lap, or by the place on it, and by no marker."""
    rows = warehouse.query(
        "select cast(session_id as text) from marts.fct_laps where session_id not in "
        "(select session_id from intermediate.int_telemetry_line_markers) group by 1 "
        "having min(lap_source) in ('lap_channel', 'distance_wrap') and count(*) > 1 order by 1"
    )
    return [str(row[0]) for row in rows]


def test_closed_laps_are_those_of_the_log(warehouse: Warehouse) -> None:
    compared = 0
    for session_id in sessions(warehouse):
        state = driven(frames_of(warehouse, session_id), len(session_id))
        laps = warehouse.query(
            f"select lap_number, {', '.join(COMPARED)} from marts.fct_laps "
            f"where session_id = '{session_id}' order by piece_number"
        )
        found = {numbered(state, piece): piece for piece in state["pieces"]}
        # a line that is crossed at the end of the log has nothing behind it
        closed = [lap for lap in laps if lap[0] in found]
        assert len(closed) == len(found) >= len(laps) - 2, session_id
        for lap in closed:
            told = dict(zip(COMPARED, lap[1:], strict=True))
            here = found[int(str(lap[0]))]
            for name, value in told.items():
                if value is not None and not isinstance(value, bool | str):
                    value = pytest.approx(float(str(value)), abs=2e-6)
                assert here[name] == value, (session_id, lap[0], name)
            compared += 1
    assert compared > 10
